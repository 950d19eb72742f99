"""Quality measured with scores that are known, beside the harness's own runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests import quality, validity
from device_tests.evaluation import EvaluationSet
from device_tests.ragged import Ragged

USERS, ITEMS = 10, 6


class Known:
    """User u scores item i with min(u, i), so that u + 1 scores are distinct up to all of them."""

    batch = 3

    def score_catalogue(self, inputs: object, rows: np.ndarray) -> np.ndarray:
        del inputs
        return np.minimum(rows[:, None], np.arange(ITEMS)).astype(np.float32)


def evaluation() -> EvaluationSet:
    none = [np.empty(0, np.int32)] * USERS
    return EvaluationSet(
        {}, Ragged.from_lists(none), Ragged.from_lists([np.array([0], np.int32)] * USERS), np.ones(ITEMS, np.int32)
    )


@pytest.mark.parametrize(
    ("counted", "users"), [(None, range(10)), (10, range(10)), (99, range(10)), (5, (0, 2, 4, 6, 8)), (4, (0, 3, 6, 9))]
)
def test_distinct_scores_are_counted_for_users_that_are_evenly_spaced(counted: int | None, users: range) -> None:
    found, _ = quality.measure(Known(), evaluation(), 3, counted_users=counted)
    assert found.distinct_scores == pytest.approx(np.mean([min(user + 1, ITEMS) for user in users]))
    assert found.ranks[0] == 1
    assert found.ranks[-1] == ITEMS


class Kept:
    """A scorer of the items that are left of a catalogue, with the scores that it has of all [users, catalogue]."""

    batch = 3

    def __init__(self, scores: np.ndarray, kept: np.ndarray) -> None:
        self.scores, self.kept = scores, kept

    def score_catalogue(self, inputs: object, rows: np.ndarray) -> np.ndarray:
        del inputs
        return self.scores[rows][:, self.kept]


@given(st.integers(0, 1 << 30), st.integers(4, 7))
def test_what_was_dropped_is_a_miss_and_the_rest_ranks_as_if_it_scored_less_than_everything(
    seed: int, left: int
) -> None:
    random = np.random.default_rng(seed)
    users, items, k = 5, 8, 2
    scores = random.integers(0, 5, (users, items)).astype(np.float32)
    kept = np.sort(random.choice(items, left, replace=False)).astype(np.int32)
    order = [random.permutation(items).astype(np.int32) for _ in range(users)]
    seen, relevant = ([one[part] for one in order] for part in (slice(2), slice(2, 4)))
    negatives = np.concatenate([[one[4:], one[4:]] for one in order])
    judged = EvaluationSet(
        {}, Ragged.from_lists(seen), Ragged.from_lists(relevant), np.ones(items, np.int32), negatives
    )
    found, lists = quality.measure(Kept(scores, kept), replace(judged, kept=kept), k)
    least = scores.copy()
    least[:, np.setdiff1d(np.arange(items), kept)] = -1
    whole, _ = quality.measure(Kept(least, np.arange(items)), judged, k)
    lost = ~np.isin(judged.relevant.values, kept)
    assert np.isin(lists, kept).all()
    assert (found.items, found.dropped, found.held_out_dropped) == (left, items - left, int(lost.sum()))
    assert np.array(found.ranks)[lost].tolist() == [left + 1] * int(lost.sum())
    assert np.array(found.candidate_ranks)[lost].tolist() == [1 + negatives.shape[1]] * int(lost.sum())
    assert np.array(found.ranks)[~lost].tolist() == np.array(whole.ranks)[~lost].tolist()
    assert np.array(found.candidate_ranks)[~lost].tolist() == np.array(whole.candidate_ranks)[~lost].tolist()
    assert found.segments == whole.segments
    assert found.distinct_scores == np.mean([len(np.unique(one)) for one in scores[:, kept]])
    assert all(right for right, _ in validity.quality_rules(found))
    assert found.coverage(k) == found.recommended_items[k - 1] / items
