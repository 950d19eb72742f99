"""Quality measured with scores that are known, beside the harness's own runs."""

from __future__ import annotations

import numpy as np
import pytest

from device_tests import quality
from device_tests.evaluation import EvaluationSet, Ragged

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
