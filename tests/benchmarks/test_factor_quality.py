"""The NumPy evaluator against the library's own ranking and metrics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.factor_data import Side
from benchmarks.factor_quality import first, judge, times_shown
from device_tests import metrics
from device_tests.evaluation import EvaluationSet, Ragged
from device_tests.popularity import halves
from device_tests.ranking import ranks_among, top_k
from edgerec import judging
from edgerec.data.interactions import Interactions

NOBODY = Interactions.from_columns(["u"], ["i"], [0])


def lists(rows: list[list[int]]) -> Ragged:
    return Ragged.from_lists([np.array(row, np.int32) for row in rows])


def side(random: np.random.Generator, users: int, items: int, asked: float = 1.0) -> Side:
    drawn = [random.permutation(items) for _ in range(users)]
    held = random.integers(1, 4, users)
    relevant = lists([sorted(row[:count].tolist()) for row, count in zip(drawn, held, strict=True)])
    seen = lists([sorted(row[count : count + 5].tolist()) for row, count in zip(drawn, held, strict=True)])
    negatives = random.integers(0, items, (len(relevant.values), 12)).astype(np.int32)
    judged = EvaluationSet({}, seen, relevant, random.integers(0, 9, items).astype(np.int32), negatives)
    return Side(NOBODY, judged, np.arange(users, dtype=np.int32), random.random(len(relevant.values)) < asked)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(21, 2500), st.integers(1, 20), st.integers(0, 99))
def test_the_first_are_those_of_a_whole_ranking(rows: int, items: int, k: int, seed: int) -> None:
    scores = np.random.default_rng(seed).permutation(rows * items).reshape(rows, items).astype(np.float32)
    assert np.array_equal(first(scores, k), top_k(scores, k))


def test_equal_scores_within_a_list_rank_by_lower_id() -> None:
    scores = np.zeros((1, 2000), np.float32)
    scores[0, [1999, 3, 700]] = 1
    assert first(scores, 3).tolist() == [[3, 700, 1999]]


@pytest.mark.parametrize("items", [25, 1000])
def test_recall_and_ndcg_are_those_of_the_harness(items: int) -> None:
    random = np.random.default_rng(1)
    given_side = side(random, 700, items)
    scores = random.normal(size=(700, items)).astype(np.float32)
    quality = judge(lambda users: scores[users].copy(), given_side)
    expected = judging.judge(lambda rows: scores[rows], given_side.judged)
    assert np.allclose(quality.recall, expected.per_user(metrics.recall, 20))
    assert np.allclose(quality.ndcg, expected.per_user(metrics.ndcg, 20))
    assert np.array_equal(quality.shown, np.bincount(quality.top.ravel(), minlength=items))


def test_only_held_out_items_that_have_candidates_are_counted_in_their_half() -> None:
    random = np.random.default_rng(2)
    given_side = side(random, 40, 60, asked=0.5)
    scores = random.normal(size=(40, 60)).astype(np.float32)
    quality = judge(lambda users: scores[users].copy(), given_side)
    judged, asked = given_side.judged, given_side.asked
    ranks = ranks_among(scores, judged.relevant.rows, judged.relevant.values, judged.negatives)
    half = halves(judged.popularity)[judged.relevant.values]
    assert quality.held == tuple(int((asked & (half == one)).sum()) for one in (0, 1))
    assert quality.hits == tuple(int((asked & (half == one) & (ranks <= 10)).sum()) for one in (0, 1))
    assert 0 < sum(quality.hits) < asked.sum()


def test_what_a_user_has_seen_is_not_shown_to_them() -> None:
    scores = np.tile(np.arange(30, dtype=np.float32), (2, 1))
    shown = times_shown(lambda users: scores[users].copy(), lists([[29], []]), 30, k=1)
    assert shown.tolist() == [0] * 28 + [1, 1]
