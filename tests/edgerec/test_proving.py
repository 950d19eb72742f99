"""Golden outputs and ranks asked in the real runtime of this machine, before anything is written."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests.evaluation import EvaluationSet, to_npy
from device_tests.popularity import halves
from edgerec import proving
from edgerec.proving import NotProvedError
from edgerec.targets import environment

Rebuilt = Callable[..., dict[str, bytes]]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_holds_passes_and_leaves_nothing(tiny_members: dict[str, bytes], scratch: Path) -> None:
    environment.python_for(environment.DEFAULT)  # it is made once, and then says nothing
    phases: list[str] = []
    proving.replay(tiny_members, environment.DEFAULT, "the file", progress=phases.append)
    assert phases == ["golden"]
    assert list(scratch.iterdir()) == []


def test_what_does_not_hold_is_refused_with_the_reason(rebuilt: Rebuilt, tiny_model: object, scratch: Path) -> None:
    upside_down = type(tiny_model)(tiny_model.table, -tiny_model.dense)  # type: ignore[attr-defined]
    members = rebuilt({bundle_format.MODEL: upside_down.tflite()})
    with pytest.raises(NotProvedError, match=r"int8 does not hold in .*, so nothing was written: "):
        proving.replay(members, environment.DEFAULT, "int8")
    assert list(scratch.iterdir()) == []


def test_the_baseline_ranks_among_candidates_where_there_are_some(rebuilt: Rebuilt, tiny_model: object) -> None:
    members = rebuilt()
    read = bundle_format.decode(bundle_format.encode(members))
    evaluation = EvaluationSet.from_members(read.members, read.manifest)
    assert evaluation is not None
    half = halves(evaluation.popularity)
    negatives = []
    for user, item in enumerate(evaluation.relevant.values):
        same = np.flatnonzero(half == half[item])
        negatives.append(np.setdiff1d(same, [*evaluation.seen[user], item])[:9])
    drawn = np.array(negatives, np.int32)
    scores = tiny_model.scores(evaluation.inputs["history"])  # type: ignore[attr-defined]
    own = scores[np.arange(len(drawn)), evaluation.relevant.values][:, None]
    expected = 1 + (np.take_along_axis(scores, drawn, axis=1) > own).sum(axis=1)
    measured = proving.baseline({**members, "proof/eval_negatives.npy": to_npy(drawn)}, environment.DEFAULT)
    assert measured.candidate_ranks is not None
    assert measured.candidate_ranks.tolist() == expected.tolist()
    assert proving.baseline(members, environment.DEFAULT).candidate_ranks is None


def test_the_baseline_is_where_the_runtime_ranks_what_was_held_out(tiny_members: dict[str, bytes]) -> None:
    measured = proving.baseline(tiny_members, environment.DEFAULT)
    assert measured.ranks.tobytes() == tiny_members["proof/baseline_ranks.npy"][-measured.ranks.nbytes :]
    counted = measured.recommended_items
    assert counted is not None
    assert counted.tobytes() == tiny_members["proof/baseline_recommended_items.npy"][-counted.nbytes :]
