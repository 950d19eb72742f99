import json
from pathlib import Path

import pytest

from edgerec import measured
from edgerec.cli.main import run


@pytest.fixture
def nothing_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measured.read_measurements, "__defaults__", (tmp_path / "gone.json",))


def test_every_built_in_recipe_is_listed_and_its_steps_can_be_shown(
    capsys: pytest.CaptureFixture[str], nothing_measured: None
) -> None:
    assert run(["recipes", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert len(value["recipes"]) >= 12
    assert value["provenance"] is None
    assert run(["recipes"]) == 0
    listed = capsys.readouterr().out
    for recipe in value["recipes"]:
        assert f"\n{recipe['name']} " in listed
    assert run(["recipes", "prune80_int8"]) == 0
    shown = capsys.readouterr().out
    assert "1. prune: sparsity = 0.8" in shown
    assert "2. convert: precision = dynamic_int8" in shown
    assert "  loads in: not measured\n" in shown
    assert "tflite-runtime" not in shown
    assert {recipe["loads"] for recipe in value["recipes"]} == {None}
    for text in (listed, shown):
        assert text.endswith(
            "\n\nWhat each gave is not part of this installation: benchmarks/recipes.py measures it.\n"
        )


def test_what_each_recipe_gave_is_shown_where_it_was_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "measured.json"
    outcome = {
        "app_bytes": 2048,
        "download_bytes": 1024,
        "recall": 0.2,
        "kept": 1.0,
        "loads": ["ai-edge-litert==2.3.0"],
    }
    recipes = {"float32": outcome, "int8": {**outcome, "download_bytes": 256, "kept": 0.95}}
    path.write_text(json.dumps({"provenance": {"seed": 0}, "models": {"gru": recipes}}))
    monkeypatch.setattr(measured.read_measurements, "__defaults__", (path,))
    assert run(["recipes"]) == 0
    assert "int8     2.0 KiB     256 B   4.0x   0.200        95.0 %  ai-edge-litert==2.3.0" in capsys.readouterr().out
    assert run(["recipes", "int8"]) == 0
    assert "gru    2.0 KiB     256 B   4.0x" in capsys.readouterr().out
    assert run(["recipes", "int8"]) == 0
    assert "  loads in: ai-edge-litert==2.3.0\n" in capsys.readouterr().out
    assert run(["recipes", "prune70_int8"]) == 0
    assert "prune70_int8 was not measured" in capsys.readouterr().out
    assert run(["recipes", "int8", "--json"]) == 0
    (recipe,) = json.loads(capsys.readouterr().out)["recipes"]
    assert recipe["measured"]["gru"]["download_bytes"] == 256
    assert recipe["loads"] == ["ai-edge-litert==2.3.0"]


def test_the_criterion_of_a_step_is_shown_with_its_settings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["recipes", "narrow50_prune80-fisher_int8"]) == 0
    shown = capsys.readouterr().out
    assert "1. narrow: remove = 0.5, criterion = 'max_variance', epochs = 3" in shown
    assert "2. prune: sparsity = 0.8" in shown
    assert "criterion = 'fisher', per = 'tensor', allow_no_gain = False" in shown
    (tmp_path / "mine.toml").write_text(
        '[[step]]\ndo = "prune"\nsparsity = 0.5\ncriterion = "share"\nsettings = { by = "fisher", lowest = 0.75 }\n'
        '[convert]\nprecision = "float32"\n'
    )
    assert run(["recipes", str(tmp_path / "mine.toml")]) == 0
    assert "settings = { by = 'fisher', lowest = 0.75 }" in capsys.readouterr().out


def test_an_unknown_recipe_names_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipes", "prune80_int"]) == 2
    assert "did you mean prune80_int8?" in capsys.readouterr().err


def test_how_tables_are_stored_and_tuned_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipes", "narrow50_top10-rows4-pq8x16_tuned_int8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("  1. narrow: remove = 0.5")
    assert lines[2].startswith("  2. tables of every layer: tiered tiers = top 10% int4")
    assert lines[3].startswith("  3. tune: epochs = 5, learning_rate = 0.001, distill = 0.5")
    assert lines[4] == "  4. convert: precision = dynamic_int8"


def test_what_a_recipe_drops_stands_before_its_steps(
    capsys: pytest.CaptureFixture[str], nothing_measured: None
) -> None:
    assert run(["recipes", "drop75-magnitude_prune50_int8"]) == 0
    shown = capsys.readouterr().out
    assert (
        "  1. drop all items but the 0.25 of them that rank highest by magnitude\n  2. prune: sparsity = 0.5" in shown
    )
    assert run(["recipes", "drop75_int8", "--json"]) == 0
    (recipe,) = json.loads(capsys.readouterr().out)["recipes"]
    assert recipe["drop"] == {"keep": 0.25, "k": 20, "criterion": "popularity", "settings": []}
