"""The scores that a device gives for a coded table and float32 user vectors, evaluated in NumPy on the decoded rows."""

from collections.abc import Callable
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from benchmarks.factor_quality import Matrix, Scores
from converters import tflite_file, values
from converters.numpy_reference.products import rounded_rows
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.integer_rows import IntegerRows
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers

_HALF_SHIFTED_BITS = 2

Kernel = Callable[[Matrix, Matrix], None]
"""Takes vectors [n, columns] and writes their scores of the rows into an array [n, rows]."""


def kernel_of(coded: Coded) -> Kernel:
    """Return what scores a coded table as a device does: integer rows with vectors rounded to 8 bits of their range."""
    if isinstance(coded, Tiers):
        return _beside([(part.rows, kernel_of(part)) for part in coded.parts])
    if isinstance(coded, Columns):
        return _summed([(part.columns, kernel_of(part)) for part in coded.parts])
    if isinstance(coded, SharedRows):
        return _shared(coded.index, coded.table.rows, kernel_of(coded.table))
    if isinstance(coded, IntegerRows) and coded.bits == _HALF_SHIFTED_BITS:
        scales = coded.scales.astype(np.float32)
        # The half that stands above each integer is added in float, with the vector as it came.
        return _rounded(coded.values * scales[:, None], scales * np.float32(0.5))
    rows = coded.decode()
    return _rounded(rows) if isinstance(coded, IntegerRows | NativeRows | BlockRows) else _plain(rows)


def kernel_of_file(model: bytes) -> Kernel:
    """Return what scores with the one dense layer of a .tflite that another tool wrote."""
    file = tflite_file.parse(model)
    graph = file.subgraphs[0]
    (dense,) = (operator for operator in graph.operators if operator.name == "FULLY_CONNECTED")
    weights = graph.tensors[dense.inputs[1]]
    return _plain(values.raw(file, weights)) if weights.dtype == "FLOAT32" else _rounded(values.decode(file, weights))


def scores_of(kernel: Kernel, items: int, vectors: Matrix) -> Scores:
    """Return what scores `items` rows for slices of `vectors` [users, columns]."""

    def score(users: slice) -> Matrix:
        given = vectors[users]
        scores = np.empty((len(given), items), np.float32)
        kernel(given, scores)
        return scores

    return score


def in_order(scores: Scores, order: npt.NDArray[np.int64], items: int) -> Scores:
    """Return scores by item of a table whose row r is item order[r]; an item without a row is never recommended."""

    def score(users: slice) -> Matrix:
        by_row = scores(users)
        by_item = np.full((len(by_row), items), -np.inf, np.float32)
        by_item[:, order] = by_row
        return by_item

    return score


def float_scores(table: Matrix, vectors: Matrix) -> Scores:
    """Return what scores the items of a float32 table."""
    return scores_of(_plain(table), len(table), vectors)


def _plain(rows: Matrix) -> Kernel:
    def kernel(vectors: Matrix, into: Matrix) -> None:
        np.matmul(vectors, rows.T, out=into)

    return kernel


def _rounded(rows: Matrix, shift: Matrix | None = None) -> Kernel:
    def kernel(vectors: Matrix, into: Matrix) -> None:
        np.matmul(rounded_rows(vectors, asymmetric=True).astype(np.float32), rows.T, out=into)
        if shift is not None:
            into += vectors.sum(axis=1, keepdims=True) * shift

    return kernel


def _beside(parts: list[tuple[int, Kernel]]) -> Kernel:
    def kernel(vectors: Matrix, into: Matrix) -> None:
        for (rows, part), end in zip(parts, accumulate(rows for rows, _ in parts), strict=True):
            part(vectors, into[:, end - rows : end])

    return kernel


def _summed(parts: list[tuple[int, Kernel]]) -> Kernel:
    def kernel(vectors: Matrix, into: Matrix) -> None:
        partial = np.empty_like(into)
        into[:] = 0
        for (columns, part), end in zip(parts, accumulate(columns for columns, _ in parts), strict=True):
            part(np.ascontiguousarray(vectors[:, end - columns : end]), partial)
            into += partial

    return kernel


def _shared(index: npt.NDArray[np.integer], rows: int, table: Kernel) -> Kernel:
    def kernel(vectors: Matrix, into: Matrix) -> None:
        scores = np.empty((len(vectors), rows), np.float32)
        table(vectors, scores)
        np.take(scores, index, axis=1, out=into)

    return kernel
