"""Rows that share another by remainder, each with a multiplier of its own."""

from typing import Any

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.coded import payload_bytes
from converters.tables.float16_rows import Float16Rows
from converters.tables.memcom import Memcom

TABLE = Float16Rows(np.array([[1, 2], [3, -4]], np.float16))
OWN = np.array([1, 2, -1, 0, 0.5], np.float16)


def test_a_row_is_its_multiple_of_the_row_by_remainder() -> None:
    made = Memcom(TABLE, OWN)
    assert (made.rows, made.columns) == (5, 2)
    np.testing.assert_array_equal(made.decode(), [[1, 2], [6, -8], [-1, -2], [0, 0], [0.5, 1]])
    assert payload_bytes(made) == 2 * 2 * 2 + 5 * 2


def test_a_bias_is_added_to_every_column() -> None:
    made = Memcom(TABLE, OWN, np.array([0, 1, 0, -2, 0], np.float16))
    np.testing.assert_array_equal(made.decode(), [[1, 2], [7, -7], [-1, -2], [-2, -2], [0.5, 1]])
    assert payload_bytes(made) == 2 * 2 * 2 + 5 * 2 + 5 * 2


@pytest.mark.parametrize(
    ("multipliers", "biases", "message"),
    [
        (np.ones((5, 1), np.float16), None, r"got multipliers \(5, 1\), expected \[rows\]"),
        (np.ones(5, np.float32), None, r"got float32 \[5\] scales, expected float16 \[5\]"),
        (np.ones(1, np.float16), None, "got 2 shared rows for 1, expected no more than the rows"),
        (np.ones(5, np.float16), np.ones(4, np.float16), r"got float16 \[4\] scales, expected float16 \[5\]"),
        (np.full(5, np.inf, np.float16), None, "got inf in the scale of row 0"),
    ],
)
def test_what_does_not_fit_is_refused(multipliers: np.ndarray, biases: Any, message: str) -> None:
    with pytest.raises(ConverterError, match=message):
        Memcom(TABLE, multipliers, biases)
