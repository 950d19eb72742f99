"""Judged by hand on a few users, and against the harness's own ranks on the tiny bundle."""

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests import metrics
from device_tests.errors import ModelError
from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged
from edgerec import judging

SCORES = np.array(
    [
        [0.9, 0.8, 0.7, 0.6, 0.5],
        [0.1, 0.2, 0.2, 0.4, 0.5],
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ],
    np.float32,
)


@pytest.fixture
def evaluation() -> EvaluationSet:
    """Three users of five items: the first has seen the best, the last has nothing held out."""
    lists = [[[0], [3], []], [[1, 4], [1, 2], []]]
    seen, relevant = (Ragged.from_lists([np.array(one, np.int32) for one in each]) for each in lists)
    return EvaluationSet({}, seen, relevant, np.ones(5, np.int32))


@pytest.mark.parametrize("rows_at_once", [1, 2, 256])
def test_ranks_count_unseen_items_only_and_ties_by_lower_id(evaluation: EvaluationSet, rows_at_once: int) -> None:
    judged = judging.judge(lambda rows: SCORES[rows], evaluation, rows_at_once=rows_at_once)
    assert judged.ranks.tolist() == [1, 4, 2, 3]
    assert judged.per_user(metrics.recall, 2) == (0.5, 0.5)
    assert judged.mean(metrics.recall, 1) == 0.25
    assert judged.mean(metrics.hit_rate, 1) == 0.5


@pytest.mark.parametrize("rows_at_once", [1, 2, 256])
def test_lists_are_of_the_rows_asked_for_in_their_order(evaluation: EvaluationSet, rows_at_once: int) -> None:
    def best(rows: list[int] | None) -> list[list[int]]:
        asked = None if rows is None else np.array(rows)
        return judging.lists(lambda part: SCORES[part], evaluation, 2, asked, rows_at_once=rows_at_once).tolist()

    assert best(None) == [[1, 2], [4, 1], [0, 1]]
    assert best([2, 0]) == [[0, 1], [1, 2]]
    assert best([]) == []


def test_the_scorer_keeps_its_scores(evaluation: EvaluationSet) -> None:
    before = SCORES.copy()
    judging.judge(lambda _: SCORES, evaluation)
    np.testing.assert_array_equal(SCORES, before)


def test_no_score_is_believed_that_is_not_a_number(evaluation: EvaluationSet) -> None:
    with pytest.raises(ModelError, match="the model scored NaN"):
        judging.judge(lambda rows: np.full((len(rows), 5), np.nan, np.float32), evaluation)


def test_it_ranks_as_the_bundle_says_that_float32_does(tiny_members: dict[str, bytes], tiny_model: object) -> None:
    opened = bundle_format.decode(bundle_format.encode(tiny_members))
    evaluation = EvaluationSet.from_members(opened.members, opened.manifest)
    assert evaluation is not None
    history = evaluation.inputs["history"]
    judged = judging.judge(lambda rows: tiny_model.scores(history[rows]), evaluation)  # type: ignore[attr-defined]
    assert judged.ranks.tobytes() == tiny_members["proof/baseline_ranks.npy"][-judged.ranks.nbytes :]
