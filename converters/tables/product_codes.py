"""Rows put together from centroids: each code picks a part of the row (product), or a row to add (additive)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Floats
from converters.tables.codes import octets, picked, refuse_misfit, summed_entries
from converters.tables.operations import combined, dense, reshaped, scaled_rows, summed, widened


@dataclass(frozen=True, eq=False)
class _Centroids:
    """`codes` uint8 [rows, m] into `codebooks` float16 [m, centroids, width], and `scales` float16 [rows] or none."""

    codes: NDArray[np.uint8]
    codebooks: NDArray[np.float16]
    scales: NDArray[np.float16] | None = None

    def __post_init__(self) -> None:
        refuse_misfit(self.codes, self.codebooks, self.scales)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.codes)

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The codes, two a byte where that is possible, the codebooks, and the scales if there are any."""
        scales = () if self.scales is None else (self.scales,)
        return octets(self.codes, self.codebooks.shape[1]), self.codebooks, *scales

    def _picked(self) -> Floats:
        """Return the centroids [rows, m, width], each times its row's scale."""
        chosen = self.codebooks.astype(np.float32)[np.arange(len(self.codebooks)), self.codes]
        return chosen if self.scales is None else chosen * self.scales.astype(np.float32)[:, None, None]

    def _picked_by(self, writer: GraphWriter, ids: int) -> int:
        count, centroids, width = self.codebooks.shape
        book = writer.constant(self.codebooks, shape=(count * centroids, width))
        wide = writer.apply("DEQUANTIZE", [book], (count * centroids, width), version=3)
        return picked(writer, self.codes, wide, ids)

    def _scaled(self, writer: GraphWriter, scores: int) -> int:
        return scores if self.scales is None else combined(writer, "MUL", scores, widened(writer, self.scales))


@dataclass(frozen=True, eq=False)
class ProductCodes(_Centroids):
    """Code j of a row picks its columns j * width to (j + 1) * width (Jegou, Douze, Schmid 2011)."""

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return int(self.codebooks.shape[0] * self.codebooks.shape[2])

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return self._picked().reshape(self.rows, self.columns)

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Gather codes, then their centroids, and lay them side by side."""
        rows = reshaped(writer, self._picked_by(writer, ids), (*writer.shape(ids), self.columns))
        return rows if self.scales is None else scaled_rows(writer, rows, self.scales, ids)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Multiply each part of the query with its codebook, and sum what the codes of a row pick of that."""
        count, _, width = self.codebooks.shape
        parts = reshaped(writer, query, (-1, count, 1, width))
        shape = (-1, count, self.codebooks.shape[1], width)
        product = writer.apply("MUL", [parts, widened(writer, self.codebooks)], shape)
        return self._scaled(writer, summed_entries(writer, self.codes, summed(writer, product)))


@dataclass(frozen=True, eq=False)
class AdditiveCodes(_Centroids):
    """A row is the sum of the centroids that its codes pick, each as wide as the row (Babenko, Lempitsky 2014)."""

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return int(self.codebooks.shape[2])

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        rows: Floats = self._picked().sum(axis=1, dtype=np.float32)
        return rows

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Gather codes, then their centroids, and add these up."""
        chosen = self._picked_by(writer, ids)
        axis = writer.constant(np.array([len(writer.shape(chosen)) - 2], np.int32))
        rows = writer.apply("SUM", [chosen, axis], (*writer.shape(ids), self.columns))
        return rows if self.scales is None else scaled_rows(writer, rows, self.scales, ids)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Multiply the query with every centroid, and sum what the codes of a row pick of that."""
        count, centroids, width = self.codebooks.shape
        book = writer.constant(self.codebooks, shape=(count * centroids, width))
        wide = writer.apply("DEQUANTIZE", [book], (count * centroids, width), version=3)
        entries = reshaped(writer, dense(writer, query, wide), (-1, count, centroids))
        return self._scaled(writer, summed_entries(writer, self.codes, entries))
