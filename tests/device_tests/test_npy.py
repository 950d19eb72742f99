"""The header of a .npy file as NumPy writes it, and what is refused without reading the values."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests.errors import BundleError
from device_tests.npy import Header, header_of


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "shape"), [("<i4", (0,)), ("<i4", (5,)), ("<f4", (2, 3)), ("<f4", (0, 7))])
def test_shape_and_start_are_those_that_numpy_wrote(kind: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    data = npy(array)
    assert header_of(data, "x", kind, shape) == Header(shape, len(data) - array.nbytes)
    assert header_of(data, "x", kind, (None,) * len(shape)).shape == shape


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros(3, "<i8"), "x is no .npy file as edgerec writes them"),
        (np.zeros(3, ">i4"), "x is no .npy file as edgerec writes them"),
        (np.array(1, "<i4"), "x is no .npy file as edgerec writes them"),
        (np.asfortranarray(np.zeros((2, 2), "<i4")), "x is no .npy file as edgerec writes them"),
        (np.zeros(3, "<f4"), "x should be <i4 of shape (3), not <f4 of shape (3,)"),
        (np.zeros(4, "<i4"), "x should be <i4 of shape (3), not <i4 of shape (4,)"),
        (np.zeros((3, 1), "<i4"), "x should be <i4 of shape (3), not <i4 of shape (3, 1)"),
    ],
)
def test_any_other_array_is_refused_with_what_was_received(array: np.ndarray, sentence: str) -> None:
    with pytest.raises(BundleError) as refused:
        header_of(npy(array), "x", "<i4", (3,))
    assert str(refused.value) == sentence


def test_a_length_that_the_file_does_not_hold_is_refused() -> None:
    data = npy(np.arange(5, dtype="<i4"))
    with pytest.raises(BundleError, match=r"x holds 16 bytes where shape \(5,\) needs 20"):
        header_of(data[:-4], "x", "<i4", (None,))
    with pytest.raises(BundleError, match=r"x holds 21 bytes where shape \(5,\) needs 20"):
        header_of(data + b"!", "x", "<i4", (None,))
    with pytest.raises(BundleError, match=r"x holds 20 bytes where shape \(999999999,\) needs 3999999996"):
        header_of(data.replace(b"(5,), }        ", b"(999999999,), }"), "x", "<i4", (None,))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_in_another_way(data: bytes) -> None:
    with pytest.raises(BundleError):
        header_of(b"\x93NUMPY\x01\x00" + data, "x", "<i4", (None,))
