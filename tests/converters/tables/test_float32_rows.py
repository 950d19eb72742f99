"""Rows of float32."""

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.float32_rows import Float32Rows


def test_other_types_are_refused() -> None:
    with pytest.raises(ConverterError, match=r"got float64 \[2, 4\], expected float32 \[rows, columns\]"):
        Float32Rows(np.ones((2, 4)))
    with pytest.raises(ConverterError, match="got inf in a number of row 1, expected finite numbers"):
        Float32Rows(np.array([[1], [np.inf]], np.float32))
