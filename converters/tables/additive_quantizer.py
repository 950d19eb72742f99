"""Additive codes of a table: every row the sum of a few centroids as wide as itself, fitted in the metric of scores."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.clustering import checked_weights, cluster, summed_by
from converters.tables.coded import Floats
from converters.tables.metric import whitened
from converters.tables.product_codes import AdditiveCodes
from converters.tables.product_quantizer import gained

_ROWS_AT_ONCE = 1024
_KEPT_SUMS = 4
_MOST_CENTROIDS = 256


def additive_codes(
    table: Floats,
    codes: int,
    centroids: int,
    *,
    seed: int,
    moment: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
    gain: float = 0.0,
    book_bits: int | None = None,
    rounds: int = 8,
) -> AdditiveCodes:
    """Return `table` [rows, columns] with `codes` codes a row into `centroids` centroids, in the metric of `moment`.

    Codebooks are clustered one after another from what the ones before leave; then `rounds` times the codes are
    searched anew, keeping the four best sums at every code, and all codebooks solved together by least squares.
    `weights` [rows] say which rows matter; `gain` is that of `product_quantizer.gained`; `book_bits` rounds the
    codebooks to a grid of that many bits, so that they compress. Sources: A. Babenko, V. Lempitsky, Additive
    Quantization, CVPR 2014; J. Martinez et al., Revisiting Additive Quantization, ECCV 2016. Raises ConverterError for
    no codes and for fewer than 1 or more than 256 centroids.
    """
    if codes < 1 or not 1 <= centroids <= _MOST_CENTROIDS:
        raise ConverterError(
            f"{codes} codes of {centroids} centroids cannot be stored: give at least 1 code and 1 to 256 centroids"
        )
    weights = checked_weights(weights, len(table))
    points, back = whitened(table, moment)
    books, chosen = _residual(points, codes, centroids, weights, seed)
    for number in range(rounds):
        if number:
            chosen = _encode(points, books)
        books = _solved(points, books, chosen, weights)
    stored = _on_grid(books @ back, book_bits)
    coded = AdditiveCodes(codes_in(stored, table, moment=moment), stored)
    return AdditiveCodes(coded.codes, _on_grid(gained(stored, table, coded.decode(), moment, gain), book_bits))


def codes_in(books: NDArray[np.float16], table: Floats, *, moment: NDArray[Any] | None = None) -> NDArray[np.uint8]:
    """Return the codes uint8 [rows, codes] of `table` [rows, columns] in the `books` that there are."""
    points, _ = whitened(table, moment)
    flat, _ = whitened(books.astype(np.float32).reshape(-1, table.shape[1]), moment)
    return _encode(points, flat.reshape(books.shape)).astype(np.uint8)


def _residual(
    points: Floats, codes: int, centroids: int, weights: Floats, seed: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Return codebooks [codes, centroids, columns], each the centers of what those before leave, and codes."""
    left = points.copy()
    books = np.empty((codes, centroids, points.shape[1]), np.float32)
    chosen = np.empty((len(points), codes), np.int64)
    for place in range(codes):
        clusters = cluster(left, centroids, seed=seed + place, weights=weights)
        books[place], chosen[:, place] = clusters.centers, clusters.members
        left -= clusters.centers[clusters.members]
    return books, chosen


def _encode(points: Floats, books: Floats) -> NDArray[np.int64]:
    """Return codes [rows, codes] of small error, by a search that keeps the best few sums after every code."""
    count, centroids, _ = books.shape
    flat = books.reshape(count * centroids, -1)
    # Squared distances need no sum of rows: products of the points and of centroids with centroids say it all.
    products = 2 * (flat @ flat.T).reshape(count * centroids, count, centroids)
    squares = (books**2).sum(axis=2)
    parts = []
    for start in range(0, len(points), _ROWS_AT_ONCE):
        own = (points[start : start + _ROWS_AT_ONCE] @ (-2 * flat.T)).reshape(-1, count, centroids)
        parts.append(_search(own + squares, products))
    return np.concatenate(parts)


def _search(alone: Floats, products: Floats) -> NDArray[np.int64]:
    """Return codes [rows, codes] from what each centroid adds to the error alone and, twice, beside each other one.

    `alone` is [rows, codes, centroids], `products` [codes * centroids, codes, centroids].
    """
    rows, count, centroids = alone.shape
    every = np.arange(rows)
    errors = np.zeros((rows, 1), np.float32)
    chosen = np.empty((count, rows, 1), np.int64)
    for place in range(count):
        grown = errors[:, :, None] + alone[:, None, place]
        for earlier in range(place):
            grown += products[earlier * centroids : (earlier + 1) * centroids, place][chosen[earlier]]
        grown = grown.reshape(rows, -1)
        kept = min(_KEPT_SUMS, grown.shape[1])
        errors, best = np.empty((rows, kept), np.float32), np.empty((rows, kept), np.int64)
        for one in range(kept):  # a few times the least is found faster than the few least at once
            best[:, one] = grown.argmin(axis=1)
            errors[:, one] = grown[every, best[:, one]]
            grown[every, best[:, one]] = np.inf
        parent, code = best // centroids, best % centroids
        chosen = np.stack([each[every[:, None], parent] for each in chosen[:place]] + [code] * (count - place))
    return chosen[:, :, 0].T.copy()


def _solved(points: Floats, books: Floats, chosen: NDArray[np.int64], weights: Floats) -> Floats:
    """Return the codebooks of least weighted squared error for these codes, near the ones given where codes are few."""
    count, centroids, columns = books.shape
    gram = np.empty((count * centroids, count * centroids))
    wanted = np.empty((count * centroids, columns))
    weighted = points * weights[:, None]
    for one in range(count):
        rows = slice(one * centroids, (one + 1) * centroids)
        wanted[rows] = summed_by(chosen[:, one], weighted, centroids)
        for other in range(one, count):
            pairs = np.bincount(chosen[:, one] * centroids + chosen[:, other], weights, centroids**2)
            columns_of = slice(other * centroids, (other + 1) * centroids)
            gram[rows, columns_of] = pairs.reshape(centroids, centroids)
            gram[columns_of, rows] = gram[rows, columns_of].T
    before = books.reshape(count * centroids, columns).astype(np.float64)
    change = np.linalg.solve(gram + 1e-3 * np.eye(len(gram)), wanted - gram @ before)
    return (before + change).reshape(books.shape).astype(np.float32)


def _on_grid(books: NDArray[Any], bits: int | None) -> NDArray[np.float16]:
    """Return books at multiples of the power of two that leaves the largest number `bits` bits, sign included."""
    if bits is None:
        return books.astype(np.float16)
    step = 2.0 ** np.floor(np.log2(max(float(np.abs(books).max()), 1e-30) / 2 ** (bits - 1)))
    rounded: NDArray[np.float16] = (np.round(books / step) * step).astype(np.float16)
    return rounded
