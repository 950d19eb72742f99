import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.gate.npy import NpyError, int32_values


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


@pytest.mark.parametrize("values", [[], [1], [3, -2, 2**31 - 1, -(2**31)], list(range(1000))])
def test_what_numpy_writes_is_read_back(values: list[int]) -> None:
    assert int32_values(npy(np.array(values, "<i4")), "ranks") == tuple(values)


@pytest.mark.parametrize(
    "array",
    [np.zeros(3, "<i8"), np.zeros(3, "<f4"), np.zeros(3, ">i4"), np.zeros((2, 2), "<i4"), np.array(1, "<i4")],
)
def test_any_other_array_is_refused(array: np.ndarray) -> None:
    with pytest.raises(NpyError, match="ranks is not an int32 vector"):
        int32_values(npy(array), "ranks")


def test_a_length_that_the_file_does_not_hold_is_refused() -> None:
    data = npy(np.arange(5, dtype="<i4"))
    with pytest.raises(NpyError, match="says 5 int32 values and holds 16 bytes, expected 20"):
        int32_values(data[:-4], "ranks")
    with pytest.raises(NpyError, match="says 999999999 "):
        int32_values(data.replace(b"(5,), }        ", b"(999999999,), }"), "ranks")


def test_every_prefix_is_refused() -> None:
    data = npy(np.arange(5, dtype="<i4"))
    for length in range(len(data)):
        with pytest.raises(NpyError):
            int32_values(data[:length], "ranks")


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_another_way(data: bytes) -> None:
    with pytest.raises(NpyError):
        int32_values(b"\x93NUMPY\x01\x00" + data, "ranks")
