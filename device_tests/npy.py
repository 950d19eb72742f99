"""The header of a .npy file, read without NumPy and without believing it: version 1.0, int32 or float32, C order."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Optional

from device_tests.errors import BundleError

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '(<[if]4)', 'fortran_order': False, "
    rb"'shape': \(([0-9]{1,10},(?: [0-9]{1,10})?)\), \} *\n",
    re.DOTALL,
)
_LONGEST = 256


@dataclass(frozen=True)
class Header:
    """The shape of an array, and where in the file its values start, in bytes."""

    shape: tuple[int, ...]
    start: int


def header_of(data: bytes, where: str, kind: str, shape: tuple[Optional[int], ...]) -> Header:
    """Return the header of a .npy file that holds exactly the values that it says.

    `kind` is "<i4" or "<f4"; None in `shape` is any length. BundleError, which names `where`, for anything else.
    """
    match = _HEADER.match(data[:_LONGEST])
    if not match or int.from_bytes(match[1], "little") != match.end() - 10:
        raise BundleError(f"{where} is no .npy file as edgerec writes them")
    found = tuple(int(length) for length in match[3].replace(b",", b" ").split())
    fits = len(found) == len(shape) and all(want in (None, have) for want, have in zip(shape, found))
    if match[2] != kind.encode() or not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise BundleError(f"{where} should be {kind} of shape ({wanted}), not {match[2].decode()} of shape {found}")
    held, needed = len(data) - match.end(), 4 * math.prod(found)
    if held != needed:
        raise BundleError(f"{where} holds {held} bytes where shape {found} needs {needed}")
    return Header(found, match.end())
