"""The walk that chooses by floors."""

import pytest

from benchmarks.factor_choice import FLOORS, MARGIN, WITHOUT_HALVES, mean, missed, missed_on_mean, walk
from edgerec.floors import DEFAULT, Floors, FloorVerdict, Kept, State

NAMES = ("recall", "ndcg", "popular", "unpopular", "coverage")


def verdict(**shares: float | None) -> FloorVerdict:
    """What keeps everything but what is named; None is no evidence."""
    return FloorVerdict(
        tuple(
            Kept(floor, _state(share, floor.share), share, figure=share, reason="" if share is not None else "few hits")
            for name, floor in zip(NAMES, DEFAULT, strict=True)
            for share in [shares.get(name, 1.0)]
        )
    )


def _state(share: float | None, floor: float) -> State:
    if share is None:
        return "no evidence"
    return "held" if share >= floor else "missed"


def test_what_is_missed_goes_by_its_name_in_the_table() -> None:
    assert missed(verdict(recall=0.98, ndcg=0.5, popular=0.9, unpopular=0.9, coverage=0.8), FLOORS) == NAMES
    assert missed(verdict(recall=0.98, unpopular=None), FLOORS) == ("recall", "unpopular")


def test_no_evidence_on_one_seed_is_none_on_the_mean() -> None:
    found = mean([verdict(), verdict(unpopular=None, recall=0.5)])
    assert list(found.values()) == [0.75, 1.0, 1.0, None, 1.0]
    assert missed_on_mean(found, FLOORS) == ("recall", "unpopular")


def test_margins_are_asked_above_the_floors_and_rows_that_are_dropped_have_no_floor_on_halves() -> None:
    close = verdict(recall=0.991, unpopular=0.5)
    assert missed(close, WITHOUT_HALVES) == ()
    assert missed_on_mean(mean([close]), WITHOUT_HALVES) == ()
    assert missed_on_mean(mean([close]), WITHOUT_HALVES, MARGIN) == ("recall",)
    assert missed_on_mean(mean([close]), FLOORS, MARGIN) == ("recall", "unpopular")


def test_the_first_that_holds_on_every_seed_and_clears_the_margin_on_the_mean_is_chosen() -> None:
    answers = [[0.97, 1.0], [0.991, 0.991], [1.0, 0.98], [0.991, 1.0], [1.0, 1.0]]
    asked: list[int] = []

    def ask(setting: int) -> list[FloorVerdict]:
        asked.append(setting)
        return [verdict(recall=recall) for recall in answers[setting]]

    found = walk(5, ask, FLOORS)
    assert (found.chosen, found.holds) == (3, True)
    assert asked == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("answers", "floors", "nearest"),
    [
        ([{"recall": 0.5}, {"recall": 0.98}, {"recall": 0.9}], FLOORS, 1),
        ([{"recall": 0.98}, {"recall": 0.97}, {"unpopular": None}], FLOORS, 0),
        ([{"recall": 0.9}, {"recall": 0.98, "unpopular": 0.1}], WITHOUT_HALVES, 1),
    ],
)
def test_where_none_holds_the_nearest_is_chosen_and_said_not_to(
    answers: list[dict[str, float | None]], floors: Floors, nearest: int
) -> None:
    found = walk(len(answers), lambda setting: [verdict(**answers[setting])], floors)
    assert (found.chosen, found.holds, len(found.tried)) == (nearest, False, len(answers))
