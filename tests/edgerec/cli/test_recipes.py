import json

import pytest

from edgerec.cli.main import run


def test_every_built_in_recipe_is_listed_and_its_steps_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipes", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert len(value["recipes"]) >= 12
    assert run(["recipes"]) == 0
    listed = capsys.readouterr().out
    for recipe in value["recipes"]:
        assert f"\n{recipe['name']} " in listed
    assert run(["recipes", "prune80_int8"]) == 0
    shown = capsys.readouterr().out
    assert "1. prune: sparsity = 0.8" in shown
    assert "2. convert: precision = dynamic_int8" in shown


def test_an_unknown_recipe_names_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipes", "prune80_int"]) == 2
    assert "did you mean prune80_int8?" in capsys.readouterr().err
