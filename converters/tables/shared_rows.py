"""Rows that several indices share: an index a row into a smaller table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, Floats, refuse_unless
from converters.tables.operations import cast, gathered, remainder

_SIGNED_ROWS = 1 << 15
_ROWS = 1 << 16


@dataclass(frozen=True, eq=False)
class SharedRows:
    """Row i is row `index[i]` of `table`; `index` is uint8, uint16 or int32 [rows], the narrowest that will do."""

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
        """The index and the arrays of the smaller table."""
        return self.index, *self.table.stored

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return self.table.decode()[self.index]

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look up which rows of the smaller table are meant, then those."""
        return self.table.lookup(writer, self._widened(writer, gathered(writer, self._constant(writer), ids)))

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Score the smaller table once, and give every row the score of the one it shares."""
        places = self._widened(writer, self._constant(writer))
        return gathered(writer, self.table.scores(writer, query), places, axis=1)

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
