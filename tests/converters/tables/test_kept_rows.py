"""Rows taken over from a coded table as they lie, and others put between them."""

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.integer_rows import IntegerRows
from converters.tables.kept_rows import with_rows
from converters.tables.product_codes import ProductCodes
from converters.tables.shared_rows import SharedRows


def integers(rows: int, *, bits: int = 8, start: int = 0) -> IntegerRows:
    values = (np.arange(rows * 4, dtype=np.int8).reshape(rows, 4) + start) % 7
    return IntegerRows(values.astype(np.int8), (1 + start + np.arange(rows)).astype(np.float16), bits)


def test_rows_are_taken_by_number_and_given_ones_fill_the_gaps_in_order() -> None:
    made = with_rows(integers(3), np.array([0, -1, 2, -1, 1]), integers(2, start=3))
    assert np.array_equal(made.decode()[[0, 2, 4]], integers(3).decode()[[0, 2, 1]])
    assert np.array_equal(made.decode()[[1, 3]], integers(2, start=3).decode())


def test_the_table_that_rows_are_taken_of_stays_as_it_was() -> None:
    before = integers(3)
    with_rows(before, np.array([0, -1, 2]), integers(1, start=5))
    assert np.array_equal(before.decode(), integers(3).decode())


def test_rows_of_another_kind_other_codebooks_or_another_number_are_refused() -> None:
    codes, books = np.zeros((2, 2), np.uint8), np.ones((2, 3, 2), np.float16)
    with pytest.raises(ConverterError, match="IntegerRows for rows of ProductCodes, expected rows stored one by one"):
        with_rows(ProductCodes(codes, books), np.array([-1]), integers(1))
    with pytest.raises(ConverterError, match="the same bits and codebooks"):
        with_rows(ProductCodes(codes, books), np.array([-1, 0]), ProductCodes(codes[:1], 2 * books))
    with pytest.raises(ConverterError, match="the same bits"):
        with_rows(integers(2), np.array([-1, 0]), integers(1, bits=4))
    with pytest.raises(ConverterError, match="got 1 rows for 2 places"):
        with_rows(integers(2), np.array([-1, -1]), integers(1))
    with pytest.raises(ConverterError, match="got 0 rows for 1 places"):
        with_rows(integers(2), np.array([-1, 1]), None)
    with pytest.raises(ConverterError, match="got row 2, expected rows below 2"):
        with_rows(integers(2), np.array([2]), None)
    with pytest.raises(ConverterError, match="rows stored one by one"):
        with_rows(SharedRows(np.zeros(2, np.uint8), integers(2)), np.array([0, 1]), None)
