"""Product codes of a table: its columns in groups, each group's parts replaced with the nearest of a few centroids."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.clustering import cluster, nearest
from converters.tables.coded import Floats
from converters.tables.metric import damped, whitened
from converters.tables.product_codes import ProductCodes

_ROUNDS = 20


def product_codes(
    table: Floats,
    codes: int,
    centroids: int,
    *,
    seed: int,
    moment: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
    gain: float = 0.0,
) -> ProductCodes:
    """Return `table` [rows, columns] with `codes` codes a row into `centroids` centroids, in the metric of `moment`.

    The parts of a row are coded one after another: each is clustered in the metric that is left to it, and its error
    made good by the parts that are still free, as `rounding.fed_back` does with columns. `weights` [rows] say which
    rows matter; for `gain` see `gained`. Source: H. Jegou, M. Douze, C. Schmid, Product Quantization for Nearest
    Neighbor Search, TPAMI 2011. Raises ConverterError when the columns are not a multiple of the codes.
    """
    columns = table.shape[1]
    if codes < 1 or columns % codes:
        raise ConverterError(f"{columns} columns cannot have {codes} codes: give a number that divides the columns")
    width = columns // codes
    left = _Left(table, moment)
    chosen = np.empty((len(table), codes), np.uint8)
    books = np.empty((codes, centroids, width), np.float16)
    for place in range(codes):
        flat, back = left.points(width)
        clusters = cluster(flat, centroids, seed=seed + place, weights=weights)
        books[place] = clusters.centers @ back
        chosen[:, place] = left.coded(books[place])
    coded = ProductCodes(chosen, books)
    return ProductCodes(chosen, gained(books, table, coded.decode(), moment, gain))


def codes_in(books: NDArray[np.float16], table: Floats, *, moment: NDArray[Any] | None = None) -> NDArray[np.uint8]:
    """Return the codes uint8 [rows, codes] of `table` [rows, columns] in the `books` that there are."""
    left = _Left(table, moment)
    return np.stack([left.coded(book) for book in books], axis=1).astype(np.uint8)


class _Left:
    """What is still to be coded of a table, part after part, and of the metric in which its errors count."""

    def __init__(self, table: Floats, moment: NDArray[Any] | None) -> None:
        self._rows = table.astype(np.float32, copy=True)
        self._inverse = np.linalg.inv(damped(moment, table.shape[1]))
        self._start = 0

    def points(self, width: int) -> tuple[Floats, Floats]:
        """Return the next part's columns where squared error is the metric's, and the matrix that leads back."""
        part = np.ascontiguousarray(self._rows[:, self._start : self._start + width])
        return whitened(part, self._free(width))

    def coded(self, book: NDArray[np.float16]) -> NDArray[np.int64]:
        """Return the next part's codes in a book [centroids, width]; its error is made good by the parts after it."""
        stored, start = book.astype(np.float32), self._start
        end = start + stored.shape[1]
        free = self._free(stored.shape[1])
        members, _ = nearest(self.points(stored.shape[1])[0], whitened(stored, free)[0])
        error = self._rows[:, start:end] - stored[members]
        self._rows[:, end:] -= error @ (free @ self._inverse[start:end, end:]).astype(np.float32)
        self._inverse[end:, end:] -= self._inverse[end:, start:end] @ free @ self._inverse[start:end, end:]
        self._start = end
        return members

    def _free(self, width: int) -> NDArray[np.float64]:
        """Return what is left of the metric of a part once later columns may answer: the inverse's inverted block."""
        block = slice(self._start, self._start + width)
        free: NDArray[np.float64] = np.linalg.inv(self._inverse[block, block])
        return free


def gained(
    books: NDArray[np.float16], table: Floats, decoded: Floats, moment: NDArray[Any] | None, gain: float
) -> NDArray[np.float16]:
    """Return codebooks times (1 - e) ** -gain, e the share of the table's square that was lost, in the metric.

    Centroids are means, and so shorter than what they stand for: their rows score lower beside rows stored finely. A
    gain of 0 errs least, 0.5 gives the rows their length back, 1 their product with the rows they stand for.
    """
    longer: NDArray[np.float16] = (books.astype(np.float32) * _gain(table, decoded, moment, gain)).astype(np.float16)
    return longer


def gain_of(table: Floats, decoded: Floats, *, moment: NDArray[Any] | None, gain: float) -> float:
    """Return by how much `gained` made longer the codebooks that `table` was `decoded` with."""
    longer = 1.0
    for _ in range(_ROUNDS):
        longer = _gain(table, decoded / np.float32(longer), moment, gain)
    return longer


def _gain(table: Floats, decoded: Floats, moment: NDArray[Any] | None, gain: float) -> float:
    metric = damped(moment, table.shape[1]).astype(np.float32)
    error = table - decoded
    lost = float(((error @ metric) * error).sum()) / max(float(((table @ metric) * table).sum()), 1e-30)
    return float(max(1 - lost, 0.1) ** -gain)
