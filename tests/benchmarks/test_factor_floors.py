"""Floors, and the walk that chooses by them."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.factor_floors import FLOORS, FLOORS_WITHOUT_HALVES, MARGINS, Kept, kept, mean, missed, walk
from benchmarks.factor_quality import Quality

WHOLE = Kept(1, 1, 1, 1, 1)


def quality(recall: float, hits: tuple[int, int], shown: int) -> Quality:
    figures = np.array([recall, recall])
    counts = np.zeros(10, np.int64)
    counts[:shown] = 1
    return Quality(figures, figures / 2, hits, (500, 500), np.zeros((2, 1), np.int32), counts)


def test_what_is_kept_is_a_share_of_float32_and_a_half_with_few_hits_is_no_evidence() -> None:
    found = kept(quality(0.4, (190, 100), 9), quality(0.5, (200, 199), 10))
    assert found == Kept(0.8, 0.8, 0.95, None, 0.9)
    assert missed(found) == ("recall", "ndcg", "unpopular")


def test_no_evidence_on_one_seed_is_none_on_the_mean() -> None:
    assert mean([WHOLE, replace(WHOLE, unpopular=None)]).unpopular is None
    assert mean([WHOLE, replace(WHOLE, recall=0.5)]).recall == 0.75


def test_margins_are_asked_above_the_floors_and_floors_that_are_none_are_not() -> None:
    close = replace(WHOLE, recall=0.991, unpopular=0.5)
    assert missed(close, FLOORS_WITHOUT_HALVES) == ()
    assert missed(close, FLOORS_WITHOUT_HALVES, MARGINS) == ("recall",)
    assert missed(close, FLOORS, MARGINS) == ("recall", "unpopular")


def test_the_first_that_holds_on_every_seed_and_clears_the_margin_on_the_mean_is_chosen() -> None:
    answers = [[0.97, 1.0], [0.991, 0.991], [1.0, 0.98], [0.991, 1.0], [1.0, 1.0]]
    asked: list[int] = []

    def ask(setting: int) -> list[Kept]:
        asked.append(setting)
        return [replace(WHOLE, recall=recall) for recall in answers[setting]]

    found = walk(5, ask, FLOORS)
    assert (found.chosen, found.holds) == (3, True)
    assert asked == [0, 1, 2, 3]


@pytest.mark.parametrize(("recalls", "nearest"), [([0.5, 0.98, 0.9], 1), ([0.98, 0.97, 0.2], 0)])
def test_where_none_holds_the_nearest_is_chosen_and_said_not_to(recalls: list[float], nearest: int) -> None:
    found = walk(3, lambda setting: [replace(WHOLE, recall=recalls[setting])], FLOORS)
    assert (found.chosen, found.holds, len(found.tried)) == (nearest, False, 3)
