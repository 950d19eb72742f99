"""Zeros and distinct values among stored numbers, counted by the standard library in pieces of any length."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

from converters.anatomy import TensorSize
from converters.schema import TYPE_BITS

MOST_DISTINCT = 1 << 16
"""Values that are told apart: what has more of them is not held in memory to be counted."""

_FLOATS = {"FLOAT16", "BFLOAT16", "FLOAT32", "FLOAT64", "FLOAT8_E4M3FN", "FLOAT8_E5M2"}
# Codes of `memoryview.cast` by bits.
_WHOLE_BYTES: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {8: "B", 16: "H", 32: "I", 64: "Q"}
_BYTE = 8


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was counted: stored elements, those of them that stand for zero, and how many different ones there are.

    `zeros` is None for a tensor whose zero points differ, `distinct` None for more than `MOST_DISTINCT`.
    """

    elements: int
    zeros: int | None
    distinct: int | None


def numbers(tensor: TensorSize, pieces: Iterable[memoryview]) -> Numbers | None:
    """Count in `pieces` of a tensor's bytes, each a whole number of elements but for the last byte of a packed tensor.

    None for a type that is no real number of 2 to 64 bits. Numbers are compared as stored: two NaN of other bits are
    two values.
    """
    bits = TYPE_BITS.get(tensor.dtype)
    if bits is None or bits > max(_WHOLE_BYTES) or tensor.dtype == "COMPLEX64":
        return None
    if bits < _BYTE:
        return _packed(pieces, bits, _zeros(tensor, bits), prod(tensor.shape))
    return _whole(pieces, bits, _zeros(tensor, bits))


def _zeros(tensor: TensorSize, bits: int) -> tuple[int, ...]:
    """Return the stored patterns that stand for zero, none where that depends on the element."""
    if tensor.dtype in _FLOATS:
        return 0, 1 << (bits - 1)
    least, greatest = (0, 0) if tensor.scales is None else tensor.scales.zero_points
    return (least % (1 << bits),) if least == greatest else ()


def _whole(pieces: Iterable[memoryview], bits: int, zeros: tuple[int, ...]) -> Numbers:
    elements = found = 0
    different: set[int] | None = set()
    width = bits // _BYTE
    for piece in pieces:
        # What is stored sparse can be of any length.
        values = piece[: len(piece) // width * width].cast(_WHOLE_BYTES[bits]).tolist()
        elements += len(values)
        found += sum(values.count(zero) for zero in zeros)
        if different is not None and len(different) < 1 << bits:
            different.update(values)
            different = different if len(different) <= MOST_DISTINCT else None
    return Numbers(elements, found if zeros else None, None if different is None else len(different))


def _packed(pieces: Iterable[memoryview], bits: int, zeros: tuple[int, ...], most: int) -> Numbers:
    """Count numbers below a byte, of which the tensor has `most`; what its last byte has beyond is no number."""
    fields = [tuple(byte >> shift & (1 << bits) - 1 for shift in range(0, _BYTE, bits)) for byte in range(1 << _BYTE)]
    table = bytes(sum(value in zeros for value in each) for each in fields)
    elements = found = last = 0
    seen: set[int] = set()
    for piece in pieces:
        data = bytes(piece)
        seen.update(data[:-1] if not elements else (last, *data[:-1]))
        last = data[-1]
        elements += len(data) * _BYTE // bits
        found += sum(data.translate(table))
    beyond = max(0, elements - most)
    within, left = fields[last][: len(fields[last]) - beyond], fields[last][len(fields[last]) - beyond :]
    found -= sum(value in zeros for value in left)
    different = {value for byte in seen for value in fields[byte]} | set(within)
    return Numbers(elements - beyond, found if zeros else None, len(different))
