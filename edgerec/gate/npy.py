"""A one-dimensional int32 .npy array read without NumPy, so that the gate starts fast."""

import re
import sys
from array import array

from edgerec.errors import EdgerecError

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(rb"\{'descr': '<i4', 'fortran_order': False, 'shape': \(([0-9]{1,10}),\), \} *\n")


class NpyError(EdgerecError):
    """Bytes that are not the .npy array expected."""


def int32_values(data: bytes, name: str) -> tuple[int, ...]:
    """Give the values of an int32 vector in .npy format 1.0; raises NpyError for any other bytes."""
    length = int.from_bytes(data[8:10], "little")
    header = _HEADER.fullmatch(data[10 : 10 + length])
    if not data.startswith(_MAGIC) or header is None:
        raise NpyError(f"{name} is not an int32 vector in .npy format 1.0.")
    body, count = data[10 + length :], int(header[1])
    values = array("i")
    if values.itemsize != 4 or len(body) != 4 * count:  # noqa: PLR2004  int32
        raise NpyError(f"{name} says {count} int32 values and holds {len(body)} bytes, expected {4 * count}.")
    values.frombytes(body)
    if sys.byteorder == "big":
        values.byteswap()
    return tuple(values)
