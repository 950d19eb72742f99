"""Integer codecs: portable ones with a scale a row beside the scores, and those of LiteRT's own quantization."""

from dataclasses import dataclass, field

import numpy as np

from converters.tables.coded import Coded, Floats
from converters.tables.integer_rows import IntegerRows
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.rounding import clipped_scales, fed_back, graded_scales, rounded
from edgerec.codecs.errors import CodecError
from edgerec.criteria.statistics import Statistics

_NATIVE_SCALE_BYTES = 12  # a float32 scale and an int64 zero point
_PORTABLE_SCALE_BYTES = 2
_LITERT_BITS = 2  # from here on down only LiteRT multiplies with the weights


@dataclass(frozen=True)
class Integers:
    """`bits` (8, 4 or 2) a number and a float16 scale a row; 8 and 4 run on old runtimes.

    Without a `step` each row gets the scale of least error, found by clipping. With one the scales grow as the row's
    length to the power of `exponent`, `step` for a row of mean length: the table compresses better, as its integers
    are as few as its numbers deserve. With `feedback` the error of each column is made good by those after it, in the
    metric of the vectors that multiply the table, where those are known.
    """

    bits: int
    step: float = 0.0
    exponent: float = 0.5
    feedback: bool = True
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=("second_moment",), init=False)
    learned: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """int8, int4 or int2."""
        return f"int{self.bits}"

    @property
    def litert_only(self) -> bool:
        """Whether the weights are of a type that only LiteRT multiplies with."""
        return self.bits <= _LITERT_BITS

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Packed integers and scales."""
        del statistics
        return rows * (columns * self.bits // 8 + _PORTABLE_SCALE_BYTES)

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> IntegerRows:
        """Scales first, then the integers under them."""
        del seed
        return self.encode_among(table, table, statistics)

    def encode_among(self, table: Floats, among: Floats, statistics: Statistics) -> IntegerRows:
        """The table as rows of another, `among` [n, columns], would be encoded."""
        moment = statistics.second_moment
        if self.step:
            scales = graded_scales(table, self.bits, step=self.step, exponent=self.exponent, among=among)
        else:
            scales = clipped_scales(table, self.bits, moment=moment)
        if self.feedback and moment is not None:
            return fed_back(table, scales, self.bits, moment)
        return rounded(table, scales, self.bits)


@dataclass(frozen=True)
class NativeIntegers:
    """`bits` (8, 4 or 2) a number, a scale a row in the tensor's own quantization: 12 bytes a row, for LiteRT."""

    bits: int
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=(), init=False)
    litert_only: bool = field(default=True, init=False)
    learned: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """native8, native4 or native2."""
        return f"native{self.bits}"

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Packed integers, scales and zero points."""
        del statistics
        return rows * (columns * self.bits // 8 + _NATIVE_SCALE_BYTES)

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> NativeRows:
        """The nearest integers under the scale of the row's largest magnitude."""
        del statistics, seed
        most = 2 ** (self.bits - 1) - 1
        scales = _scales(np.abs(table).max(axis=1), most)
        values = np.clip(np.rint(table / scales[:, None]), -most - 1, most).astype(np.int8)
        return NativeRows(values, scales, self.bits)


@dataclass(frozen=True)
class BlockIntegers:
    """4 bits a number, a float16 scale for each block of `block` columns (32, 64, ...) of a row, for LiteRT."""

    block: int = 32
    name: str = field(default="block4", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=(), init=False)
    litert_only: bool = field(default=True, init=False)
    learned: bool = field(default=False, init=False)

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Packed integers and the scales of the blocks."""
        del statistics
        return rows * (columns // 2 + _PORTABLE_SCALE_BYTES * (columns // self.block))

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> Coded:
        """The nearest integers under the scale of the block's largest magnitude."""
        del statistics, seed
        rows, columns = table.shape
        if columns % self.block:
            raise CodecError(
                f"block4 got {columns} columns and blocks of {self.block}, expected a multiple: take int4, which needs "
                "no blocks"
            )
        blocks = table.reshape(rows, -1, self.block)
        scales = _scales(np.abs(blocks).max(axis=2), 7).astype(np.float16)
        values = np.clip(np.rint(blocks / scales.astype(np.float32)[:, :, None]), -8, 7).astype(np.int8)
        return BlockRows(values.reshape(rows, columns), scales)


def _scales(largest: Floats, most: int) -> Floats:
    """Scales under which the largest magnitudes become `most`; 1 where all is 0."""
    scales: Floats = np.where(largest > 0, largest / most, 1).astype(np.float32)
    return scales
