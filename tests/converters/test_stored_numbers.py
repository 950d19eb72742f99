"""Zeros and distinct values beside NumPy's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.anatomy import Scales, TensorSize
from converters.stored_numbers import MOST_DISTINCT, Numbers, numbers

DTYPES = {"INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64}
FLOATS = {"FLOAT16": np.float16, "FLOAT32": np.float32, "FLOAT64": np.float64}


def size(dtype: str, shape: Sequence[int], zero_points: tuple[int, int] | None = None) -> TensorSize:
    scales = None if zero_points is None else Scales(1, False, 1.0, 1.0, zero_points)
    return TensorSize("", dtype, tuple(shape), 0, (0, 0), 0, "other", (), False, (0, 0), scales, False)


def pieces(data: bytes, length: int) -> list[memoryview]:
    return [memoryview(data)[at : at + length] for at in range(0, len(data), length)]


@settings(deadline=None)
@given(
    st.sampled_from(sorted(DTYPES)), st.lists(st.integers(-3, 100), min_size=1), st.integers(0, 5), st.integers(1, 9)
)
def test_whole_numbers_are_counted_as_numpy_counts_them(dtype: str, values: Any, zero_point: int, length: int) -> None:
    array = np.array(values).astype(DTYPES[dtype])
    found = numbers(size(dtype, array.shape, (zero_point, zero_point)), pieces(array.tobytes(), 8 * length))
    assert found == Numbers(array.size, int((array == zero_point).sum()), len(np.unique(array)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_both_zeros_of_a_float_are_zeros_and_two_values(dtype: str) -> None:
    array = np.array([0.0, -0.0, 1.5, np.nan, 1.5, 0.0], FLOATS[dtype])
    assert numbers(size(dtype, (6,)), pieces(array.tobytes(), 16)) == Numbers(6, 3, 4)


@settings(deadline=None)
@given(st.sampled_from(["INT4", "UINT4", "INT2"]), st.binary(min_size=1, max_size=40), st.data())
def test_packed_numbers_are_counted_without_what_fills_the_last_byte(dtype: str, data: bytes, drawn: Any) -> None:
    bits = 2 if dtype == "INT2" else 4
    fields = [byte >> shift & (1 << bits) - 1 for byte in data for shift in range(0, 8, bits)]
    elements = len(fields) - drawn.draw(st.integers(0, 8 // bits - 1))
    found = numbers(size(dtype, (elements,)), pieces(data, drawn.draw(st.integers(1, 50))))
    assert found == Numbers(elements, fields[:elements].count(0), len(set(fields[:elements])))


def test_values_beyond_what_is_told_apart_are_not_counted() -> None:
    few, many = (np.arange(count, dtype=np.int32) for count in (MOST_DISTINCT, MOST_DISTINCT + 1))
    found = [numbers(size("INT32", one.shape), pieces(one.tobytes(), 1 << 16)) for one in (few, many)]
    assert [one.distinct for one in found if one is not None] == [MOST_DISTINCT, None]


def test_zero_points_that_differ_leave_zeros_unknown() -> None:
    assert numbers(size("INT8", (2,), (0, 1)), [memoryview(b"\0\1")]) == Numbers(2, None, 2)


@pytest.mark.parametrize("dtype", ["STRING", "COMPLEX64", "COMPLEX128", "VARIANT"])
def test_what_holds_no_real_numbers_has_none(dtype: str) -> None:
    assert numbers(size(dtype, (1,)), [memoryview(b"12345678")]) is None


def test_a_sparse_tensor_may_hold_a_part_of_an_element() -> None:
    assert numbers(size("FLOAT32", (9,)), [memoryview(bytes(10))]) == Numbers(2, 2, 1)
