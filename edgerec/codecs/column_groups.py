"""The columns codec: groups of columns with bits of their own under one scale a row, and the last ones left out."""

from dataclasses import dataclass, field

import numpy as np

from converters.tables.coded import Coded, Floats
from converters.tables.columns import Columns
from converters.tables.rounding import graded_scales, rounded
from edgerec.codecs.errors import CodecError
from edgerec.criteria.statistics import Statistics

_BYTE = 8
_BITS = (8, 4, 2)
_SCALE_BYTES = 2
_LITERT_BITS = 2  # from here on down only LiteRT multiplies with the weights


@dataclass(frozen=True)
class Group:
    """So many columns, `bits` (8, 4 or 2) a number."""

    columns: int
    bits: int

    def __post_init__(self) -> None:
        if self.bits not in _BITS:
            raise CodecError(f"bits is {self.bits}, expected {', '.join(map(str, _BITS))}")
        if self.columns < 1 or self.columns * self.bits % _BYTE:
            raise CodecError(
                f"columns is {self.columns} in a group of {self.bits} bits, expected a multiple of "
                f"{_BYTE // self.bits}: a row fills whole bytes"
            )


@dataclass(frozen=True)
class ColumnGroups:
    """`groups` of columns from the first on, all integers under one float16 scale a row; columns in none are 0.

    For a table whose columns go from strong to weak, as `turned` makes them. Scales grow as the row's length to the
    power of `exponent`, `step` for a row of mean length; what does not fit the bits of its group is clipped. Groups of
    equal bits are no waste: numbers of one spread lie together, and compress better.
    """

    groups: tuple[Group, ...]
    step: float = 0.04
    exponent: float = 0.2
    name: str = field(default="columns", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=(), init=False)
    learned: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if not self.groups:
            raise CodecError("groups is empty, expected one or more: columns = 16, bits = 8")
        if not self.step > 0:
            raise CodecError(f"step is {self.step:g}, expected a share of a row's length above 0, such as 0.04")

    @property
    def litert_only(self) -> bool:
        """Whether a group is of a type that only LiteRT multiplies with."""
        return any(group.bits <= _LITERT_BITS for group in self.groups)

    @property
    def columns(self) -> int:
        """How many columns are stored."""
        return sum(group.columns for group in self.groups)

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Packed integers of the groups, and a scale a row."""
        del columns, statistics
        return rows * (sum(group.columns * group.bits // _BYTE for group in self.groups) + _SCALE_BYTES)

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> Coded:
        """The scales by what all groups store, then each group under them."""
        del statistics, seed
        if self.columns > table.shape[1]:
            raise CodecError(
                f"columns is {self.columns} in all groups, expected no more than the {table.shape[1]} of the table: "
                "take smaller groups"
            )
        stored = np.ascontiguousarray(table[:, : self.columns])
        scales = graded_scales(stored, max(group.bits for group in self.groups), step=self.step, exponent=self.exponent)
        parts, start = [], 0
        for group in self.groups:
            part = np.ascontiguousarray(stored[:, start : start + group.columns])
            parts.append(rounded(part, scales, group.bits))
            start += group.columns
        return parts[0] if len(parts) == 1 and start == table.shape[1] else Columns(tuple(parts), table.shape[1])
