"""Rows that share another table's."""

from typing import Any

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.coded import payload_bytes
from converters.tables.shared_rows import SharedRows


def test_a_row_is_the_one_that_its_index_names(integer_rows: Any) -> None:
    table = integer_rows(5, 4, 8)
    shared = SharedRows(np.array([4, 0, 4], np.uint8), table)
    assert np.array_equal(shared.decode(), table.decode()[[4, 0, 4]])
    assert payload_bytes(shared) == 3 + payload_bytes(table)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (np.array([5], np.uint8), "got row numbers from 0 to 5, expected 0 to 4"),
        (np.array([-1], np.int32), "got row numbers from -1 to 0, expected 0 to 4"),
        (np.array([0], np.int64), r"got an index int64 \[1\], expected uint8, uint16 or int32 \[rows\]"),
        (np.array([[0]], np.uint8), r"got an index uint8 \[1, 1\], expected uint8, uint16 or int32 \[rows\]"),
    ],
)
def test_an_index_that_names_no_row_is_refused(integer_rows: Any, index: np.ndarray, message: str) -> None:
    with pytest.raises(ConverterError, match=message):
        SharedRows(index, integer_rows(5, 4, 8))
