import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.gate.noise import beyond, exactly, percentile_interval
from edgerec.statistics import Interval


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=300), st.sampled_from([50, 95, 99]))
def test_an_interval_holds_its_percentile_and_is_made_of_the_values(values: list[int], q: float) -> None:
    found = percentile_interval(values, q)
    assert found is not None
    assert found.low <= found.estimate <= found.high
    assert {found.low, found.estimate, found.high} <= set(values)


def test_one_value_has_no_interval() -> None:
    assert percentile_interval([5], 50) is None


def test_the_interval_of_a_median_holds_the_true_one_as_often_as_it_says() -> None:
    drawn = random.Random(3)  # noqa: S311 - no secret
    inside = 0
    for _ in range(2000):
        found = percentile_interval([int(drawn.expovariate(1) * 10**6) for _ in range(80)], 50)
        assert found is not None
        inside += found.low <= 693_147 <= found.high
    assert 0.93 < inside / 2000 < 0.985


def test_two_exact_amounts_differ_exactly() -> None:
    assert beyond(exactly(105), exactly(100), lambda old: old * 1.02) == Interval(3, 3, 3)


def test_the_bounds_of_both_sides_go_into_the_difference() -> None:
    found = beyond(Interval(110, 106, 113), Interval(100, 97, 104), float)
    assert (found.estimate, found.low, found.high) == (10, pytest.approx(10 - 32**0.5), pytest.approx(10 + 18**0.5))


@settings(deadline=None)
@given(st.floats(1, 1e6), st.floats(0, 100), st.floats(0, 100), st.floats(1, 1e6))
def test_more_doubt_of_the_old_figure_never_makes_the_difference_surer(
    new: float, more: float, less: float, old: float
) -> None:
    sure = beyond(Interval(new, new - 1, new + 1), exactly(old), float)
    unsure = beyond(Interval(new, new - 1, new + 1), Interval(old, old - less, old + more), float)
    assert unsure.low <= sure.low + 1e-6
    assert unsure.high >= sure.high - 1e-6
