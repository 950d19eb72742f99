"""Integers of 8, 4 or 2 bits as bytes, several in one: packed here, unpacked by a graph's operators."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import refuse_unless
from converters.tables.operations import combined, scalar

_BYTE = 8


def refuse_unfit_values(values: NDArray[np.int8], bits: int, known: Sequence[int], *, symmetric: bool = False) -> None:
    """Raise `ConverterError` unless values are int8 [rows, columns] of `bits`, one of `known`, and rows fill bytes.

    Values that are to be `symmetric` do without the lowest that the bits hold.
    """
    refuse_unless(holds=bits in known, got=f"{bits} bits", expected=f"one of {', '.join(map(str, known))}")
    fits = values.dtype == np.int8 and values.ndim == 2 and values.size > 0  # noqa: PLR2004
    refuse_unless(holds=fits, got=f"{values.dtype} {list(values.shape)}", expected="int8 [rows, columns]")
    columns = values.shape[1]
    expected = f"a multiple of {_BYTE // bits}, so that a row fills whole bytes; use more bits"
    refuse_unless(holds=columns * bits % _BYTE == 0, got=f"{columns} columns of {bits} bits", expected=expected)
    low, high = -(2 ** (bits - 1)) + symmetric, 2 ** (bits - 1) - 1
    least, greatest = int(values.min()), int(values.max())
    expected = f"values from {low} to {high} at {bits} bits"
    refuse_unless(holds=low <= least and greatest <= high, got=f"{least} to {greatest}", expected=expected)


def packed_bits(values: NDArray[np.int8], bits: int) -> NDArray[np.int8]:
    """Return int8 `values` [rows, columns] of `bits` as bytes [rows, columns * bits / 8], the first in the low bits."""
    if bits == _BYTE:
        return np.ascontiguousarray(values)
    count = _BYTE // bits
    groups = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1, count) & np.uint8(2**bits - 1)
    joined = np.zeros(groups.shape[:2], np.uint8)
    for position in range(count):
        joined |= groups[:, :, position] << np.uint8(bits * position)
    return joined.view(np.int8)


def unpacked(writer: GraphWriter, octets: int, bits: int) -> int:
    """Return the signed values [..., bytes, 8 / bits] of float32 signed `octets` [..., bytes, 1].

    A byte shifted right by whole values is floor(byte / base**i), which float32 holds exactly; its lowest value is
    what is left of it after the nearest multiple of base, halves upwards, since that value lies in [-base/2, base/2).
    """
    base, count = 2**bits, _BYTE // bits
    powers = writer.constant(np.array([base**-position for position in range(count)], np.float32))
    shifted = combined(writer, "MUL", octets, powers)
    whole = writer.apply("FLOOR", [shifted], writer.shape(shifted))
    scaled = combined(writer, "MUL", whole, scalar(writer, 1 / base))
    nearest = combined(writer, "ADD", scaled, scalar(writer, 0.5))
    above = writer.apply("FLOOR", [nearest], writer.shape(nearest))
    return combined(writer, "SUB", whole, combined(writer, "MUL", above, scalar(writer, base)))
