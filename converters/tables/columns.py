"""Columns stored in parts, each its own way: more bits where the numbers are large, none where they are 0."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, Floats, refuse_unless
from converters.tables.operations import combined


@dataclass(frozen=True, eq=False)
class Columns:
    """The first columns of a table in `parts`, part beside part; what they leave of `columns` is 0 and not stored.

    A deflated file is smaller for it too: numbers of one spread lie together.
    """

    parts: tuple[Coded, ...]
    columns: int

    def __post_init__(self) -> None:
        heights = sorted({part.rows for part in self.parts})
        refuse_unless(holds=len(heights) == 1, got=f"parts of {heights} rows", expected="parts of as many rows")
        widths = [part.columns for part in self.parts]
        fits = sum(widths) <= self.columns
        refuse_unless(holds=fits, got=f"parts of {widths} columns", expected=f"{self.columns} columns at the most")

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.parts[0].rows

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The arrays of all parts."""
        return tuple(array for part in self.parts for array in part.stored)

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        rows = np.concatenate([part.decode() for part in self.parts], axis=1)
        return np.pad(rows, ((0, 0), (0, self.columns - rows.shape[1])))

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look the ids up in every part, lay what is found side by side, and fill the row with zeros."""
        found = [part.lookup(writer, ids) for part in self.parts]
        width = sum(part.columns for part in self.parts)
        rank = len(writer.shape(ids))
        rows = found[0]
        if len(found) > 1:
            rows = writer.apply("CONCATENATION", found, (*writer.shape(ids), width), axis=rank)
        if width == self.columns:
            return rows
        filling = np.zeros((rank + 1, 2), np.int32)
        filling[rank, 1] = self.columns - width
        return writer.apply("PAD", [rows, writer.constant(filling)], (*writer.shape(ids), self.columns))

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Score every part with its own columns of the query, and add these scores up."""
        start, total = 0, -1
        for part in self.parts:
            scores = part.scores(writer, _columns_of(writer, query, start, part.columns))
            total = scores if total < 0 else combined(writer, "ADD", total, scores)
            start += part.columns
        return total


def _columns_of(writer: GraphWriter, query: int, start: int, width: int) -> int:
    batch, columns = writer.shape(query)
    if width == columns:
        return query
    begin, size = (writer.constant(np.array(pair, np.int32)) for pair in ([0, start], [-1, width]))
    return writer.apply("SLICE", [query, begin, size], (batch, width))
