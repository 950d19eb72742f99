"""A one-dimensional int32 .npy array read without NumPy, so that the gate starts fast."""

import sys
from array import array

from device_tests.npy import header_of


def int32_values(data: bytes, name: str) -> tuple[int, ...]:
    """Give the values of an int32 vector in .npy format 1.0; raises BundleError for any other bytes."""
    values = array("i")
    values.frombytes(data[header_of(data, name, "<i4", (None,)).start :])
    if sys.byteorder == "big":
        values.byteswap()
    return tuple(values)
