"""Rows of 8, 4 or 2 bit integers with a float16 scale a row, which old operators read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.bits import packed_bits, refuse_unfit_values, unpacked
from converters.tables.coded import Floats, ValueRows, refuse_unfit_scales
from converters.tables.operations import (
    cast,
    combined,
    gathered,
    hybrid,
    reshaped,
    scalar,
    scaled_rows,
    summed,
    widened,
)

# By bits: the type of the scoring weights, and the version of FULLY_CONNECTED from which on they are known
# (tensorflow/lite/tools/versioning/op_version.cc), so that no older runtime loads what it cannot read.
_WEIGHTS = {8: ("INT8", 9), 4: ("INT4", 10), 2: ("INT2", 14)}


@dataclass(frozen=True, eq=False)
class IntegerRows(ValueRows):
    """`values` int8 [rows, columns] in the range of `bits`, times `scales` float16 [rows].

    With 8 and 4 bits a value stands for itself, and with 4 it is -7 to 7: tflite-runtime 2.14 multiplies a table of 4
    rows and 32 columns or more by a kernel that gives garbage where a -8 is. With 2 bits, -2 to 1, it stands for itself
    plus 0.5: the four levels are symmetric. Values of fewer bits are stored several a byte, so that a row has to fill
    whole bytes.
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float16]
    bits: int

    def __post_init__(self) -> None:
        refuse_unfit_values(self.values, self.bits, tuple(_WEIGHTS), symmetric=self.bits == 4)  # noqa: PLR2004
        refuse_unfit_scales(self.scales, self.rows, np.float16)

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The values, several a byte [rows, columns * bits / 8], and the scales [rows]."""
        return packed_bits(self.values, self.bits), self.scales

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        shift = np.float32(0.5 if self.bits == 2 else 0)  # noqa: PLR2004
        return (self.values + shift) * self.scales.astype(np.float32)[:, None]

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Gather whole bytes, so that only the rows asked for are unpacked."""
        count = 8 // self.bits
        packed = packed_bits(self.values, self.bits)
        if count == 1:
            rows = cast(writer, gathered(writer, writer.constant(packed), ids), "FLOAT32")
            return scaled_rows(writer, rows, self.scales, ids)
        groups = writer.constant(packed, shape=(self.rows, self.columns // count, 1))
        rows = unpacked(writer, cast(writer, gathered(writer, groups, ids), "FLOAT32"), self.bits)
        rows = reshaped(writer, rows, (*writer.shape(ids), self.columns))
        if self.bits == 2:  # noqa: PLR2004
            rows = combined(writer, "ADD", rows, scalar(writer, 0.5))
        return scaled_rows(writer, rows, self.scales, ids)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Multiply with the integers as weights of one scale, 1.0, and the scores with the scale of each row."""
        dtype, version = _WEIGHTS[self.bits]
        weights = writer.constant(packed_bits(self.values, self.bits), dtype, self.values.shape, scales=(1.0,))
        made = hybrid(writer, query, weights, version=version)
        if self.bits == 2:  # noqa: PLR2004
            half = combined(writer, "MUL", summed(writer, query, keep=True), scalar(writer, 0.5))
            made = combined(writer, "ADD", made, half)
        return combined(writer, "MUL", made, widened(writer, self.scales))
