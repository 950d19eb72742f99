"""Rows that share another by the remainder of their number, each with a multiplier, and perhaps a bias, of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, Floats, refuse_unfit_scales, refuse_unless
from converters.tables.operations import combined, remainder, repeated, scaled_rows, shifted_rows, summed, widened


@dataclass(frozen=True, eq=False)
class Memcom:
    """Row i is row i % n of `table` [n, columns] times `multipliers[i]`, plus `biases[i]` in every column if there.

    Both are float16 [rows]; no index is stored. Source: N. Pansare et al., Learning Compressed Embeddings for On-Device
    Inference, MLSys 2022, arXiv 2203.10135.
    """

    table: Coded
    multipliers: NDArray[np.float16]
    biases: NDArray[np.float16] | None = None

    def __post_init__(self) -> None:
        refuse_unless(holds=self.multipliers.ndim == 1, got=f"multipliers {self.multipliers.shape}", expected="[rows]")
        for each in (self.multipliers, self.biases):
            if each is not None:
                refuse_unfit_scales(each, self.rows, np.float16)
        got, expected = f"{self.table.rows} shared rows for {self.rows}", "no more than the rows"
        refuse_unless(holds=self.table.rows <= self.rows, got=got, expected=expected)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.multipliers)

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return self.table.columns

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The arrays of the shared rows, the multipliers, and the biases if there are any."""
        biases = () if self.biases is None else (self.biases,)
        return *self.table.stored, self.multipliers, *biases

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        shared = self.table.decode()[np.arange(self.rows) % self.table.rows]
        rows: Floats = shared * self.multipliers.astype(np.float32)[:, None]
        return rows if self.biases is None else rows + self.biases.astype(np.float32)[:, None]

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look up the shared rows, and multiply each with what its id has of its own."""
        rows = scaled_rows(
            writer, self.table.lookup(writer, remainder(writer, ids, self.table.rows)), self.multipliers, ids
        )
        return rows if self.biases is None else shifted_rows(writer, rows, self.biases, ids)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Score the shared rows once, repeat the scores over all rows, and multiply with each one's own."""
        scores = repeated(writer, self.table.scores(writer, query), self.rows)
        scores = combined(writer, "MUL", scores, widened(writer, self.multipliers))
        if self.biases is None:
            return scores
        shift = combined(writer, "MUL", summed(writer, query, keep=True), widened(writer, self.biases))
        return combined(writer, "ADD", scores, shift)
