"""Rows of integers whose scales, one a row or one a block of columns, are the tensor's own quantization."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.bits import packed_bits, refuse_unfit_values
from converters.tables.coded import Floats, ValueRows, refuse_infinite, refuse_unfit_scales, refuse_unless
from converters.tables.operations import hybrid, reshaped

_ROW_BITS = (8, 4, 2)
_BLOCK_COLUMNS = 32  # LiteRT's kernels take blocks of a multiple of this
# Versions that ask for a runtime which knows these scales (tensorflow/lite/tools/versioning/op_version.cc). An older
# kernel under an older version takes the first scale for all rows and gives garbage, 4 bit tables included.
_ROW_PRODUCT, _BLOCK_PRODUCT, _TWO_BIT_PRODUCT = 12, 13, 14
_LOOKUP, _TWO_BIT_LOOKUP = 4, 5


@dataclass(frozen=True, eq=False)
class NativeRows(ValueRows):
    """`values` int8 [rows, columns] in the range of `bits` (8, 4, 2), times `scales` float32 [rows]; for LiteRT.

    A scale takes 12 bytes a row, outside the buffers: 4 of its own, 8 of a zero point.
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    bits: int

    def __post_init__(self) -> None:
        refuse_unfit_values(self.values, self.bits, _ROW_BITS)
        refuse_unfit_scales(self.scales, self.rows, np.float32)

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The values, several a byte [rows, columns * bits / 8]."""
        return (packed_bits(self.values, self.bits),)

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return self.values * self.scales[:, None]

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look rows up with the operator that applies their scales."""
        version = _TWO_BIT_LOOKUP if self.bits == 2 else _LOOKUP  # noqa: PLR2004
        return _embedded(writer, ids, self._weights(writer), version)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Multiply with the table as weights."""
        version = _TWO_BIT_PRODUCT if self.bits == 2 else _ROW_PRODUCT  # noqa: PLR2004
        return hybrid(writer, query, self._weights(writer), version=version)

    def _weights(self, writer: GraphWriter) -> int:
        shape = self.values.shape
        return writer.constant(packed_bits(self.values, self.bits), f"INT{self.bits}", shape, scales=self.scales)


@dataclass(frozen=True, eq=False)
class BlockRows(ValueRows):
    """`values` int8 [rows, columns] from -8 to 7, times `scales` float16 [rows, blocks], one a block; for LiteRT.

    A block is columns / blocks wide, a multiple of 32. XNNPACK scores with the scales in bfloat16: those that have no
    more than its 8 significant bits are the same in every kernel.
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float16]

    def __post_init__(self) -> None:
        refuse_unfit_values(self.values, 4, (4,))
        got = f"{self.scales.dtype} {list(self.scales.shape)} scales for {list(self.values.shape)}"
        fits = self.scales.dtype == np.float16 and self.scales.ndim == 2 and len(self.scales) == len(self.values)  # noqa: PLR2004
        refuse_unless(holds=fits, got=got, expected=f"float16 [{len(self.values)}, blocks]")
        blocks = self.scales.shape[1]
        fits = blocks > 0 and self.columns % blocks == 0 and self.columns // blocks % _BLOCK_COLUMNS == 0
        refuse_unless(holds=fits, got=got, expected=f"blocks of a multiple of {_BLOCK_COLUMNS} columns")
        refuse_infinite(self.scales, "the scale")

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The values, two a byte [rows, columns / 2], and the scales."""
        return packed_bits(self.values, 4), self.scales

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        width = self.columns // self.scales.shape[1]
        return self.values.astype(np.float32) * np.repeat(self.scales.astype(np.float32), width, axis=1)

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look rows up with the operator that applies their scales."""
        return _embedded(writer, ids, self._weights(writer), _LOOKUP)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Multiply with the table as weights."""
        return hybrid(writer, query, self._weights(writer), version=_BLOCK_PRODUCT)

    def _weights(self, writer: GraphWriter) -> int:
        width = self.columns // self.scales.shape[1]
        scales = writer.constant(self.scales)
        return writer.constant(packed_bits(self.values, 4), "INT4", self.values.shape, blocks=(scales, width))


def _embedded(writer: GraphWriter, ids: int, table: int, version: int) -> int:
    """Return EMBEDDING_LOOKUP of ids of any rank; the operator itself takes them in a row."""
    shape, columns = writer.shape(ids), writer.shape(table)[1]
    flat = ids if len(shape) == 1 else reshaped(writer, ids, (-1,))
    rows = writer.apply("EMBEDDING_LOOKUP", [flat, table], (-1, columns), version=version)
    return rows if len(shape) == 1 else reshaped(writer, rows, (*shape, columns))
