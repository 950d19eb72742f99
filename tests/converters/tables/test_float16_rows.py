"""Rows of float16."""

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.float16_rows import Float16Rows


def test_other_types_are_refused() -> None:
    with pytest.raises(ConverterError, match=r"got float32 \[2, 4\], expected float16 \[rows, columns\]"):
        Float16Rows(np.ones((2, 4), np.float32))
    with pytest.raises(ConverterError, match="got inf in a number of row 1, expected finite numbers"):
        Float16Rows(np.array([[1], [np.inf]], np.float16))
