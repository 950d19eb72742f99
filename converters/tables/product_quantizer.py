"""Product codes of a table: its columns in groups, each group's parts replaced with the nearest of a few centroids."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.clustering import cluster, nearest
from converters.tables.coded import Floats
from converters.tables.metric import damped, whitened
from converters.tables.product_codes import ProductCodes


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
    inverse = np.linalg.inv(damped(moment, columns))
    left = table.astype(np.float32, copy=True)
    chosen = np.empty((len(table), codes), np.uint8)
    books = np.empty((codes, centroids, width), np.float16)
    for place in range(codes):
        start, end = place * width, (place + 1) * width
        # What is left of the metric once later columns may answer is the inverse of the inverse's own block.
        free = np.linalg.inv(inverse[start:end, start:end])
        flat, back = whitened(np.ascontiguousarray(left[:, start:end]), free)
        clusters = cluster(flat, centroids, seed=seed + place, weights=weights)
        books[place] = clusters.centers @ back
        stored = books[place].astype(np.float32)
        members, _ = nearest(flat, whitened(stored, free)[0])
        chosen[:, place] = members
        error = left[:, start:end] - stored[members]
        left[:, end:] -= error @ (free @ inverse[start:end, end:]).astype(np.float32)
        inverse[end:, end:] -= inverse[end:, start:end] @ free @ inverse[start:end, end:]
    coded = ProductCodes(chosen, books)
    return ProductCodes(chosen, gained(books, table, coded.decode(), moment, gain))


def gained(
    books: NDArray[np.float16], table: Floats, decoded: Floats, moment: NDArray[Any] | None, gain: float
) -> NDArray[np.float16]:
    """Return codebooks times (1 - e) ** -gain, e the share of the table's square that was lost, in the metric.

    Centroids are means, and so shorter than what they stand for: their rows score lower beside rows stored finely. A
    gain of 0 errs least, 0.5 gives the rows their length back, 1 their product with the rows they stand for.
    """
    metric = damped(moment, table.shape[1]).astype(np.float32)
    error = table - decoded
    lost = float(((error @ metric) * error).sum()) / max(float(((table @ metric) * table).sum()), 1e-30)
    longer: NDArray[np.float16] = (books.astype(np.float32) * max(1 - lost, 0.1) ** -gain).astype(np.float16)
    return longer
