"""The Pareto set, the winner, and why."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.search.errors import SearchError
from edgerec.search.result import candidates_of, front_of, result_of
from edgerec.search.trial import NO_SIZE_LIMITS, Finished, Outcome, SizeLimits, Trial


def finished(*outcomes: tuple[int, dict[str, float]] | str) -> list[Finished]:
    return [
        Finished(Trial(number, {"x": number}), None, one)
        if isinstance(one, str)
        else Finished(Trial(number, {"x": number}), Outcome(one[0], one[0] + 1, one[1], {}))
        for number, one in enumerate(outcomes)
    ]


def test_the_smallest_that_holds_all_wins_and_the_next_smaller_says_what_it_missed() -> None:
    result = result_of(
        finished(
            (3000, {"recall": 0.05, "tail": 0.2}),
            (2000, {"recall": 0.03, "tail": 0.012}),
            (1500, {"recall": 0.01, "tail": -0.034}),
            (1000, {"recall": -0.2, "tail": -0.3}),
            "it died",
        ),
        NO_SIZE_LIMITS,
        "5 trials were allowed",
    )
    assert result
    assert result.best is not None
    assert result.best.number == 1
    assert result.why == (
        "Trial 1 is the smallest of 4 that holds every floor and limit, with 2,000 bytes to download; the least it "
        "holds by is 1.20%, of tail; the next smaller, trial 2 with 1,500, misses tail by 3.40%."
    )
    assert (result.unmet, [one.number for one in result.front]) == ((), [3, 2, 1, 0])
    assert [(one.number, one.why) for one in result.failed] == [(4, "it died")]
    assert json.loads(result.to_json())["best"]["outcome"]["margins"] == {"recall": 0.03, "tail": 0.012}


def test_disk_breaks_a_tie_of_downloads_and_the_number_one_of_both() -> None:
    tied = [
        Finished(Trial(number, {}), Outcome(1000, disk, {"recall": 0.1}, {}))
        for number, disk in enumerate((1300, 1200, 1200))
    ]
    result = result_of(tied, NO_SIZE_LIMITS, "")
    assert result.best is not None
    assert result.best.number == 1
    assert [one.number for one in result.front] == [1]


def test_no_candidate_is_a_winner_that_misses_a_floor_and_the_floor_nobody_met_is_named() -> None:
    result = result_of(
        finished((1000, {"recall": -0.01, "tail": 0.5}), (900, {"recall": -0.02, "tail": -0.001})),
        SizeLimits(download_bytes=950),
        "",
    )
    assert not result
    assert result.unmet == ("recall",)
    assert result.best is not None
    assert result.best.number == 1
    assert result.why == (
        "No candidate of 2 holds every floor and limit: none holds recall; trial 1 comes closest, and misses recall by "
        "2.00% and tail by 0.10%."
    )


def test_floors_that_are_each_held_but_never_together_are_told_so() -> None:
    result = result_of(finished((10, {"a": -0.1, "b": 0.1}), (10, {"a": 0.1, "b": -0.1})), NO_SIZE_LIMITS, "")
    assert (result.held, result.unmet) == (False, ())
    assert "each is held by some, all by none" in result.why


def test_a_search_whose_trials_all_failed_has_no_candidate_and_says_the_first_reason() -> None:
    result = result_of(finished("int2 needs LiteRT", "it died"), NO_SIZE_LIMITS, "")
    assert (result.held, result.best, result.front) == (False, None, ())
    assert result.why == "Every trial failed; the first: int2 needs LiteRT"


def test_no_trial_is_no_result() -> None:
    with pytest.raises(SearchError, match="expected at least one"):
        result_of([], NO_SIZE_LIMITS, "")


POINTS = st.lists(st.tuples(st.integers(1, 9), st.integers(-4, 4)), min_size=1, max_size=12)


@given(POINTS)
def test_the_front_is_what_no_other_beats(points: Sequence[tuple[int, int]]) -> None:
    found = candidates_of(finished(*((size, {"recall": margin / 10}) for size, margin in points)))
    front = {(one.outcome.download_bytes, one.outcome.quality_margin) for one in front_of(found)}
    every = {(size, margin / 10) for size, margin in points}
    beaten = {
        one
        for one in every
        if any(other != one and other[0] <= one[0] and other[1] >= one[1] for other in every)
    }  # fmt: skip
    assert front == every - beaten
    assert len(front) == len(front_of(found))
