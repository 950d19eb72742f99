import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgerec.compress import cache
from edgerec.compress.stage import Stage
from edgerec.models.recommender import Recommender

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path))
    return tmp_path


def never() -> Recommender:
    raise AssertionError("made although it was kept")


def test_a_stage_is_made_when_it_is_asked_for_and_kept_from_then_on(trained: Callable[[str], Recommender]) -> None:
    made: list[str] = []

    def make() -> Recommender:
        made.append("once")
        return trained("gru")

    stage = Stage("a" * 64, make)
    assert not stage.finished
    assert made == []
    first = stage.recommender
    assert stage.recommender is first
    assert stage.finished
    again = Stage("a" * 64, never)
    assert again.roles == first.roles == trained("gru").roles
    for one, other in zip(again.recommender.model.get_weights(), trained("gru").model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert made == ["once"]


def test_what_was_made_just_now_shares_no_layer_with_what_made_it(trained: Callable[[str], Recommender]) -> None:
    stage = Stage("a" * 64, lambda: trained("gru"))
    assert not {id(layer) for layer in stage.recommender.model.layers} & {
        id(one) for one in trained("gru").model.layers
    }


def test_models_inside_a_model_made_in_python_are_laid_open(keras: Any, trained: Callable[[str], Recommender]) -> None:
    inner = trained("gru").model
    history = keras.Input(inner.inputs[0].shape[1:], dtype="int32", name="history")
    outer = trained("gru").with_model(keras.Model(history, inner(history)))
    opened = Stage("a" * 64, lambda: outer).recommender.model
    assert {layer.name for layer in opened.layers} >= {f"{inner.name}/items", f"{inner.name}/scores"}


def test_the_roles_of_a_finished_stage_are_read_without_tensorflow(trained: Callable[[str], Recommender]) -> None:
    cache.write("a" * 64, trained("gru").to_files())
    program = (
        "import sys\n"
        "from edgerec.compress.stage import Stage\n"
        "stage = Stage('a' * 64, lambda: 1 / 0)\n"
        "print(stage.finished, stage.roles.name, 'tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "gru", "False"]


def test_the_digest_is_of_the_recommender_and_not_of_how_it_was_made(
    trained: Callable[[str], Recommender],
) -> None:
    one, same = (Stage(f"{number:064}", lambda: trained("gru")) for number in (1, 2))
    other = Stage(f"{3:064}", lambda: trained("mf"))
    assert one.sha256 == same.sha256 != other.sha256
