"""Weights to ask a runtime with: what a file holds of them, and the real numbers that they stand for.

Rows have scales far apart, so that an answer with the wrong scale cannot pass for a right one; all scales are powers of
two, which float16 and bfloat16 hold exactly.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.schema import TYPE_BITS

ROWS, COLUMNS, ODD, SEED = 8, 64, 33, 7
BLOCKS = {"1x1": 1, "1x4": 4, "1x16": 16}
"""How many columns of one row are zero together, or not, in sparse weights."""

_BYTE, _TERNARY, _KEPT = 8, 2, 0.4
_STEP = 0.25
_LARGEST_BITS = 16  # of numbers that are drawn: float32 has to hold the products
_NUMPY = {"UINT8": np.uint8, "INT16": np.int16, "INT32": np.int32}
_POWERS = 2.0 ** np.array([0, 3, -2, 1, -3, 2, -1, 4])

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights [rows, columns]: the numbers that are stored, and the real ones that they stand for.

    `scales` are one, one a row, or one a block of `block` columns; `sparse` is a key of BLOCKS.
    """

    dtype: str
    stored: Array
    real: Array
    scales: tuple[float, ...] = ()
    zero_point: int = 0
    block: int = 0
    sparse: str = ""

    @property
    def is_float(self) -> bool:
        """Whether they are stored as numbers with a fraction."""
        return self.dtype.startswith("FLOAT")

    def tensor(self, writer: GraphWriter) -> int:
        """Add them to a graph and return the tensor."""
        blocks = None
        if self.block:
            scales = np.array(self.scales, np.float16).reshape(len(self.real), -1)
            blocks = (writer.constant(scales), self.block)
        held = self._nonzero() if self.sparse else packed(self.stored, self.dtype)
        scales_of = () if blocks else self.scales
        index = writer.constant(held, self.dtype, self.real.shape, scales=scales_of, blocks=blocks)
        made = writer.subgraph.tensors[index]
        if self.zero_point:
            made.quantization.zeroPoint = np.full(len(self.scales), self.zero_point, np.int64)
        if self.sparse:
            made.sparsity = sparsity(writer.schema, self.stored, BLOCKS[self.sparse])
        return index

    def _nonzero(self) -> Array:
        """Return the numbers of the blocks that are not all zero, row by row."""
        blocks = self.stored.reshape(len(self.stored), -1, BLOCKS[self.sparse])
        kept: Array = blocks[blocks.any(axis=2)].reshape(-1)
        return kept


def floats(dtype: str = "FLOAT32", *, sparse: str = "") -> Weights:
    """Return weights in float32 or float16."""
    values = random(ROWS, COLUMNS).astype(np.float16).astype(np.float32) * _mask(sparse)
    return Weights(dtype, values.astype(np.float16 if dtype == "FLOAT16" else np.float32), values, sparse=sparse)


def integers(
    dtype: str, granularity: str, *, zero_point: int = 0, sparse: str = "", columns: int = COLUMNS, block: int = 0
) -> Weights:
    """Return weights on an integer grid with a scale for all ("tensor"), for each "row" or "block", or with "none"."""
    bits, unsigned = min(TYPE_BITS[dtype], _LARGEST_BITS), dtype.startswith("U")
    # Of two bits all four numbers are used, of more the lowest is left out, as quantizers do.
    low = 0 if unsigned else -(2 ** (bits - 1)) + (bits > _TERNARY)
    high = 2**bits - 1 if unsigned else 2 ** (bits - 1) - 1
    drawn = np.random.default_rng([SEED, bits, columns]).integers(low, high, (ROWS, columns), endpoint=True)
    stored = drawn * _mask(sparse).astype(np.int64) if sparse else drawn
    if granularity == "none":
        scales = np.ones((1, 1))
    elif granularity == "tensor":
        scales = np.full((1, 1), _STEP)
    elif granularity == "row":
        scales = _STEP * _POWERS[:, None]
    else:
        scales = _STEP * _POWERS[:, None] * 2.0 ** -np.arange(columns // block)
    each = np.repeat(scales, block, axis=1) if block else scales
    real = ((stored - zero_point) * each).astype(np.float32)
    held = () if granularity == "none" else tuple(scales.reshape(-1).tolist())
    return Weights(dtype, stored.astype(_NUMPY.get(dtype, np.int8)), real, held, zero_point, block, sparse)


def random(*shape: int) -> Array:
    """Return normal random numbers, the same for the same shape."""
    return np.random.default_rng([SEED, *shape]).normal(size=shape).astype(np.float32)


def packed(values: Array, dtype: str) -> Array:
    """Return numbers as a file holds them: those below a byte side by side, the first in the low bits."""
    bits = TYPE_BITS[dtype]
    if bits >= _BYTE:
        return values
    each = _BYTE // bits
    flat = np.zeros(-(-values.size // each) * each, np.uint8)
    flat[: values.size] = values.reshape(-1).astype(np.uint8) & (2**bits - 1)
    together: Array = np.bitwise_or.reduce(flat.reshape(-1, each) << np.arange(0, _BYTE, bits, dtype=np.uint8), axis=1)
    return together


def sparsity(schema: Any, values: Array, width: int) -> Any:
    """Return the schema's SparsityParametersT of [rows, columns]: where blocks of `width` columns are not all zero."""
    there = values.reshape(len(values), -1, width).any(axis=2)
    made = schema.SparsityParametersT()
    rows, found = schema.DimensionMetadataT(), schema.DimensionMetadataT()
    rows.format, rows.denseSize = schema.DimensionType.DENSE, len(values)
    found.format = schema.DimensionType.SPARSE_CSR
    found.arraySegmentsType = found.arrayIndicesType = schema.SparseIndexVector.Int32Vector
    found.arraySegments, found.arrayIndices = schema.Int32VectorT(), schema.Int32VectorT()
    found.arraySegments.values = [0, *np.cumsum(there.sum(axis=1)).tolist()]
    found.arrayIndices.values = np.nonzero(there)[1].tolist()
    made.traversalOrder, made.dimMetadata = [0, 1], [rows, found]
    if width > 1:
        inside = schema.DimensionMetadataT()
        inside.format, inside.denseSize = schema.DimensionType.DENSE, width
        made.traversalOrder, made.blockMap, made.dimMetadata = [0, 1, 2], [1], [rows, found, inside]
    return made


def _mask(sparse: str) -> Array:
    """Return 1 for the numbers that are kept and 0 for the others, whole blocks of them."""
    if not sparse:
        return np.ones((ROWS, COLUMNS), np.float32)
    width = BLOCKS[sparse]
    kept = np.random.default_rng([SEED, width]).random((ROWS, COLUMNS // width)) < _KEPT
    return np.repeat(kept, width, axis=1).astype(np.float32)
