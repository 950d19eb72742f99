"""Rows put together of one by quotient and one by remainder."""

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.coded import payload_bytes
from converters.tables.float16_rows import Float16Rows
from converters.tables.quotient_remainder import QuotientRemainder

QUOTIENTS = np.array([[1, 2], [3, 4]], np.float16)
REMAINDERS = Float16Rows(np.array([[1, 10], [2, 20], [3, 30]], np.float16))


def test_a_row_is_the_product_of_its_quotient_and_its_remainder() -> None:
    made = QuotientRemainder(QUOTIENTS, REMAINDERS, 5)
    assert (made.rows, made.columns) == (5, 2)
    np.testing.assert_array_equal(made.decode(), [[1, 20], [2, 40], [3, 60], [3, 40], [6, 80]])
    assert payload_bytes(made) == (4 + 6) * 2


def test_a_row_can_be_their_sum() -> None:
    made = QuotientRemainder(QUOTIENTS, REMAINDERS, 4, "sum")
    np.testing.assert_array_equal(made.decode(), [[2, 12], [3, 22], [4, 32], [4, 14]])


@pytest.mark.parametrize(
    ("quotients", "rows", "combine", "message"),
    [
        (QUOTIENTS, 7, "product", r"got quotients float16 \[2, 2\], expected float16 \[3, 2\]"),
        (QUOTIENTS.astype(np.float32), 5, "sum", r"got quotients float32 \[2, 2\], expected float16 \[2, 2\]"),
        (QUOTIENTS, 5, "concat", "got combine 'concat', expected one of product, sum"),
        (QUOTIENTS * np.float16(np.nan), 5, "sum", "got nan in the quotient of row 0"),
    ],
)
def test_what_does_not_fit_is_refused(quotients: np.ndarray, rows: int, combine: str, message: str) -> None:
    with pytest.raises(ConverterError, match=message):
        QuotientRemainder(quotients, REMAINDERS, rows, combine)
