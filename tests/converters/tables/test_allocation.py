from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.errors import ConverterError
from converters.tables.allocation import allocated, rows_at_most

SIZES = np.array([8, 2, 4])


@given(st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=1, max_size=5), st.integers(10, 50))
def test_no_other_choice_of_as_few_bytes_errs_less(rows: list[list[int]], budget: int) -> None:
    errors = np.array(rows, np.float64)
    chosen = allocated(errors, SIZES, budget)
    spent = SIZES[chosen].sum()
    assert spent <= budget
    error = errors[np.arange(len(errors)), chosen].sum()
    for other in product(range(3), repeat=len(errors)):
        if SIZES[list(other)].sum() <= spent:
            assert error <= errors[np.arange(len(errors)), list(other)].sum() + 1e-6


def test_room_goes_where_it_pays() -> None:
    errors = np.array([[0, 9, 5], [0, 90, 50], [0, 900, 500]])
    assert allocated(errors, SIZES, 14).tolist() == [1, 2, 0]
    assert allocated(errors, SIZES, 24).tolist() == [0, 0, 0]
    assert allocated(errors, SIZES, 6).tolist() == [1, 1, 1]


@pytest.mark.parametrize("count", [1, 17, 50, 99])
def test_all_room_is_taken_where_all_of_it_pays(count: int) -> None:
    errors = np.stack([np.zeros(100), np.arange(1, 101)], axis=1)
    chosen = allocated(errors, np.array([3, 1]), 100 + 2 * count)
    assert chosen.tolist() == [1] * (100 - count) + [0] * count


def test_room_that_pays_nothing_is_not_taken() -> None:
    assert allocated(np.zeros((4, 3)), SIZES, 1000).tolist() == [1, 1, 1, 1]


def test_a_budget_below_the_smallest_way_is_refused() -> None:
    with pytest.raises(ConverterError, match="2 rows take 4 bytes at the least: give more than 3"):
        allocated(np.ones((2, 3)), SIZES, 3)


def test_errors_have_a_column_a_way() -> None:
    with pytest.raises(ConverterError, match=r"errors \[2, 2\] do not go with 3 ways"):
        allocated(np.ones((2, 2)), SIZES, 99)


@given(st.integers(1, 99), st.integers(5, 40), st.integers(1, 4), st.integers(0, 200))
def test_one_row_more_would_exceed_the_budget(rows: int, dear: int, cheap: int, spare: int) -> None:
    budget = rows * cheap + 7 + spare
    count = rows_at_most(rows, dear, cheap, budget, fixed=7)
    assert 7 + count * dear + (rows - count) * cheap <= budget
    assert count == rows or 7 + (count + 1) * dear + (rows - count - 1) * cheap > budget


def test_no_room_for_the_cheap_way_is_refused() -> None:
    with pytest.raises(ConverterError, match="9 rows of 4 bytes and 10 more exceed 45 bytes"):
        rows_at_most(9, 8, 4, 45, fixed=10)
