"""Quotient-remainder tables fitted to trained ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.errors import ConverterError
from converters.tables.float16_rows import Float16Rows
from converters.tables.quotient_remainder import QuotientRemainder
from converters.tables.quotient_remainder_encoder import quotient_remainder


def drawn(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, 4)).astype(np.float32), random.uniform(0.1, 5, rows)


def cost(table: np.ndarray, decoded: np.ndarray, weights: np.ndarray) -> float:
    return float((weights[:, None] * (table - decoded).astype(np.float64) ** 2).sum())


@pytest.mark.parametrize("combine", ["product", "sum"])
@pytest.mark.parametrize("rows", [28, 26])
def test_a_table_of_this_kind_is_found_again(combine: str, rows: int) -> None:
    random = np.random.default_rng(0)
    left, right = random.uniform(0.5, 2, (4, 5)), random.uniform(0.5, 2, (7, 5))
    table = QuotientRemainder(left.astype(np.float16), Float16Rows(right.astype(np.float16)), rows, combine).decode()
    made = quotient_remainder(table, 7, combine=combine, rounds=40)
    assert (made.combine, made.rows) == (combine, rows)
    np.testing.assert_allclose(made.decode(), table, rtol=0.01)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999), st.integers(1, 23), st.sampled_from(["product", "sum"]))
def test_more_rounds_never_err_more(seed: int, remainders: int, combine: str) -> None:
    table, weights = drawn(seed, 23)
    costs = [
        cost(
            table,
            quotient_remainder(table, remainders, combine=combine, weights=weights, rounds=rounds).decode(),
            weights,
        )
        for rounds in (1, 2, 8)
    ]
    assert costs[1] <= costs[0] * 1.001 + 1e-3
    assert costs[2] <= costs[1] * 1.001 + 1e-3


@pytest.mark.parametrize("combine", ["product", "sum"])
def test_weights_say_which_rows_must_be_near(combine: str) -> None:
    table, weights = drawn(1, 60)
    plain, own = (quotient_remainder(table, 8, combine=combine, weights=each).decode() for each in (None, weights))
    assert cost(table, own, weights) < 0.97 * cost(table, plain, weights)


def test_zeros_are_stored() -> None:
    table = np.zeros((6, 4), np.float32)
    np.testing.assert_array_equal(quotient_remainder(table, 2).decode(), table)


@pytest.mark.parametrize(("remainders", "combine"), [(0, "sum"), (4, "sum"), (2, "concat")])
def test_what_cannot_be_is_refused(remainders: int, combine: str) -> None:
    with pytest.raises(
        ConverterError, match=f"got {remainders} remainders of 3 rows combined by '{combine}', expected 1 to 3"
    ):
        quotient_remainder(np.ones((3, 2), np.float32), remainders, combine=combine)
