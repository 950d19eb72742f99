"""Tables of fewer columns with a projection."""

from typing import Any

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.low_rank import LowRank


def test_rows_are_the_factor_times_the_projection(integer_rows: Any) -> None:
    factor = integer_rows(5, 2, 8)
    made = LowRank(factor, np.array([[1, 0, 2], [0, 1, 2]], np.float16))
    assert (made.rows, made.columns) == (5, 3)
    left, right = factor.decode().T
    assert np.allclose(made.decode(), np.stack([left, right, 2 * left + 2 * right], axis=1))


@pytest.mark.parametrize("projection", [np.ones((3, 4), np.float16), np.ones((2, 4), np.float32)])
def test_a_projection_of_another_size_or_type_is_refused(integer_rows: Any, projection: np.ndarray) -> None:
    with pytest.raises(ConverterError, match=r"got a projection float\d\d \[\d, 4\], expected float16 \[2, columns\]"):
        LowRank(integer_rows(5, 2, 8), projection)
