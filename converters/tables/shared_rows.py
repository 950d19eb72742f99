"""Rows that several indices share: an index a row into a smaller table, or the tier of each row where that says it."""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, Floats, refuse_unless
from converters.tables.operations import cast, combined, gathered, integer, remainder
from converters.tables.sharing import narrow
from converters.tables.tiers import Tiers

_SIGNED_ROWS = 1 << 15
_ROWS = 1 << 16
_MOST_COUNTED = 1 << 16  # rows that a device counts through in every call, in some 10 us a thousand


def index_bytes(rows: int, tiers: int) -> int:
    """Return what `SharedRows` stores to put so many rows into the order of so many tiers."""
    return rows if _counts(rows, tiers) else rows * narrow(np.zeros(0, np.int64), rows).itemsize


def _counts(rows: int, tiers: int) -> bool:
    return 1 < tiers < 1 << 8 and rows <= _MOST_COUNTED


@dataclass(frozen=True, eq=False)
class SharedRows:
    """Row i is row `index[i]` of `table`; `index` is uint8, uint16 or int32 [rows], the narrowest that will do.

    Where rows only go to tiers and keep their order within each, as in `tier_of`, the file has the tier of every row
    alone, which deflates to a bit or less, and a device counts the rows of a tier up to each.
    """

    index: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]
    table: Coded

    def __post_init__(self) -> None:
        fits = self.index.dtype in {np.dtype(kind) for kind in (np.uint8, np.uint16, np.int32)} and self.index.ndim == 1
        got = f"an index {self.index.dtype} {list(self.index.shape)}"
        refuse_unless(holds=fits, got=got, expected="uint8, uint16 or int32 [rows]")
        span = (int(self.index.min(initial=0)), int(self.index.max(initial=0)))
        got, expected = f"row numbers from {span[0]} to {span[1]}", f"0 to {self.table.rows - 1}"
        refuse_unless(holds=span[0] >= 0 and span[1] < self.table.rows, got=got, expected=expected)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.index)

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return self.table.columns

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The index, or the tier of each row, and the arrays of the smaller table."""
        return self.index if self.tier_of is None else self.tier_of, *self.table.stored

    @cached_property
    def tier_of(self) -> NDArray[np.uint8] | None:
        """The tier of each row, uint8 [rows], where the index follows from it; None where it does not."""
        if not isinstance(self.table, Tiers) or not _counts(self.rows, len(self.table.parts)):
            return None
        ends = list(accumulate(part.rows for part in self.table.parts))
        tiers = np.searchsorted(ends, self.index, side="right").astype(np.uint8)
        ordered = np.argsort(tiers, kind="stable")
        return tiers if np.array_equal(self.index[ordered], np.arange(self.table.rows)) else None

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return self.table.decode()[self.index]

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look up which rows of the smaller table are meant, then those."""
        if self.tier_of is not None:
            return self.table.lookup(writer, gathered(writer, self._counted(writer, self.tier_of), ids))
        return self.table.lookup(writer, self._widened(writer, gathered(writer, self._constant(writer), ids)))

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Score the smaller table once, and give every row the score of the one it shares."""
        if self.tier_of is not None:
            places = self._counted(writer, self.tier_of)
        else:
            places = self._widened(writer, self._constant(writer))
        return gathered(writer, self.table.scores(writer, query), places, axis=1)

    def _counted(self, writer: GraphWriter, tier_of: NDArray[np.uint8]) -> int:
        """Return the index, int32 [rows]: where a tier begins, and how many of its rows come before each of them."""
        stored = cast(writer, writer.constant(tier_of), "INT32")
        start, places = 0, -1
        for tier, count in enumerate(np.bincount(tier_of).tolist()):
            is_in = writer.apply("EQUAL", [stored, integer(writer, tier)], (self.rows,), "BOOL")
            own = cast(writer, is_in, "INT32")
            axis = writer.constant(np.array([0], np.int32))
            upto = writer.apply("CUMSUM", [own, axis], (self.rows,), "INT32")
            place = combined(writer, "MUL", own, combined(writer, "ADD", upto, integer(writer, start - 1)))
            places = place if places < 0 else combined(writer, "ADD", places, place)
            start += count
        return places

    def _constant(self, writer: GraphWriter) -> int:
        """Return the index; 16 bits as INT16, since GATHER does not read UINT16 on old runtimes."""
        return writer.constant(self.index.view(np.int16) if self.index.dtype == np.uint16 else self.index)

    def _widened(self, writer: GraphWriter, places: int) -> int:
        if self.index.dtype == np.int32:
            return places
        wide = cast(writer, places, "INT32")
        if self.index.dtype == np.uint16 and self.table.rows > _SIGNED_ROWS:  # the upper half reads as negative
            wide = remainder(writer, wide, _ROWS)
        return wide
