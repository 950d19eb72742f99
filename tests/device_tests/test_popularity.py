"""The groups of items by popularity, on known counts and on any."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device_tests.popularity import halves, thirds

COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=12).map(lambda counts: np.array(counts, np.int32))


def test_thirds_hold_a_third_of_the_interactions_each() -> None:
    # Of 18 interactions, by popularity: item 0 starts at 0, 2 at 5, 3 at 9, 5 at 12, 4 at 15, 1 at 17.
    assert thirds(np.array([5, 1, 4, 3, 2, 3], np.int32)).tolist() == [0, 2, 0, 1, 2, 2]
    assert thirds(np.zeros(3, np.int32)).tolist() == [2, 2, 2]


def test_counts_that_no_int32_sums_to_are_summed() -> None:
    assert thirds(np.full(3, 2**31 - 1, np.int32)).tolist() == [0, 1, 2]


def test_halves_of_known_counts_break_ties_by_lower_id() -> None:
    assert halves(np.array([1, 7, 1, 1, 9], np.int32)).tolist() == [0, 0, 1, 1, 0]
    assert halves(np.zeros(4, np.int32)).tolist() == [0, 0, 1, 1]


@given(COUNTS)
def test_halves_hold_equally_many_items_and_the_popular_ones_come_first(popularity: np.ndarray) -> None:
    half = halves(popularity)
    assert (half == 0).sum() - (half == 1).sum() in (0, 1)
    if half.any():
        assert popularity[half == 0].min() >= popularity[half == 1].max()
