"""Rows stored in parts, each its own way: more bits for the first, most popular ones, fewer for the rest."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, Floats, refuse_unless
from converters.tables.operations import combined, integer, reshaped


@dataclass(frozen=True, eq=False)
class Tiers:
    """The rows of `parts`, part after part; whoever makes it has put the rows in that order."""

    parts: tuple[Coded, ...]

    def __post_init__(self) -> None:
        widths = sorted({part.columns for part in self.parts})
        refuse_unless(holds=len(widths) == 1, got=f"parts of {widths} columns", expected="parts of one width")
        sizes = [part.rows for part in self.parts]
        refuse_unless(holds=min(sizes) > 0, got=f"parts of {sizes} rows", expected="at least one row in each")

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(part.rows for part in self.parts)

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return self.parts[0].columns

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The arrays of all parts."""
        return tuple(array for part in self.parts for array in part.stored)

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return np.concatenate([part.decode() for part in self.parts])

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look the ids up in every part, each kept to the part's own rows, and select by where a part ends."""
        ends = list(accumulate(part.rows for part in self.parts))
        found = -1
        for part, end in reversed(list(zip(self.parts, ends, strict=True))):
            rows = part.lookup(writer, _within(writer, ids, end - part.rows, end, last=end == self.rows))
            if found >= 0:
                within = writer.apply("LESS", [ids, integer(writer, end)], writer.shape(ids), "BOOL")
                column = reshaped(writer, within, (*writer.shape(ids), 1))
                rows = writer.apply("SELECT_V2", [column, rows, found], writer.shape(rows))
            found = rows
        return found

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Lay the scores of the parts side by side."""
        parts = [part.scores(writer, query) for part in self.parts]
        if len(parts) == 1:
            return parts[0]
        return writer.apply("CONCATENATION", parts, (-1, self.rows), axis=1)


def _within(writer: GraphWriter, ids: int, start: int, end: int, *, last: bool) -> int:
    """Return the place of `ids` in the rows from `start` to `end`; an id of another part gets some place in them.

    Ids of the whole table lie neither before the first part nor behind the `last`.
    """
    if not last:
        ids = combined(writer, "MINIMUM", ids, integer(writer, end - 1))
    if start:
        ids = combined(writer, "MAXIMUM", ids, integer(writer, start))
        ids = combined(writer, "SUB", ids, integer(writer, start))
    return ids
