from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.compress.loop import Loop
from edgerec.floors import Floor, Floors
from edgerec.loop.ending import closest, ended
from edgerec.loop.round import Judged, Round, judge

FLOORS = Floors((Floor("recall", 1, 0.9),))
LOOP = Loop("prune", 0.1, rounds=4, no_progress_rounds=2)
Judge = Callable[..., list[Judged]]


@pytest.fixture(scope="session")
def judged(made: Callable[..., Round]) -> Judge:
    """Give a function that judges rounds of (bytes to download, hits) after a float32 of 1000 bytes and 250 hits."""

    def judge_all(*rounds: tuple[int, int], limits: Mapping[str, int] | None = None) -> list[Judged]:
        every = [made(number, size, hits) for number, (size, hits) in enumerate(((1000, 250), *rounds))]
        return [judge(one, every[0], FLOORS, limits or {}, 5) for one in every]

    return judge_all


def test_rounds_go_on_while_they_shrink_and_hold(judged: Judge) -> None:
    rounds = judged((500, 250), (450, 249), (400, 240))
    assert [ended(rounds[: count + 1], LOOP, 4, {}) for count in (1, 2, 3)] == ["", "", ""]


def test_they_end_at_the_quality_floor_and_the_one_before_comes_first(judged: Judge) -> None:
    rounds = judged((500, 250), (450, 220))
    assert ended(rounds, LOOP, 4, {}) == "round 2 misses recall_kept_at_1 by 2.22%"
    assert closest(rounds[1:]).round.number == 1


def test_they_end_at_the_size_asked_for_only_where_the_floors_hold_there(judged: Judge) -> None:
    limits = {"download_bytes": 460}
    rounds = judged((500, 250), (450, 240), limits=limits)
    assert not ended(rounds[:2], LOOP, 4, limits)
    assert ended(rounds, LOOP, 4, limits) == "round 2 is within the size that was asked for, download_bytes = 460"
    missed = judged((500, 250), (450, 100), limits=limits)
    assert ended(missed, LOOP, 4, limits).startswith("round 2 misses recall_kept_at_1")
    assert closest(missed[1:]).round.number == 1


def test_they_end_after_rounds_without_progress_and_a_rounding_is_none(judged: Judge) -> None:
    rounds = judged((500, 250), (499, 250), (498, 250))
    assert not ended(rounds[:3], LOOP, 4, {})
    assert ended(rounds, LOOP, 4, {}) == (
        "the last 2 rounds were less than 0.5% smaller to download than the smallest before"
    )
    assert not ended(judged((500, 250), (499, 250), (497, 250)), LOOP, 4, {})


def test_they_end_with_the_last_and_say_whether_more_could_be_asked_for(judged: Judge) -> None:
    rounds = judged((500, 250), (450, 250))
    assert ended(rounds, Loop("prune", 0.1, rounds=2), 2, {}) == "round 2 was the last: that is as many as the loop has"
    assert ended(rounds, Loop("prune", 0.4, rounds=9), 2, {}).endswith("more than that, and nothing would be left")


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(100, 900), st.integers(150, 300)), min_size=1, max_size=8))
def test_the_closest_holds_wherever_one_holds_and_none_that_holds_is_smaller(
    judged: Judge, rounds: list[tuple[int, int]]
) -> None:
    every = judged(*rounds)[1:]
    best = closest(every)
    assert bool(best) == any(every)
    assert all(best.size <= one.size for one in every if one)
