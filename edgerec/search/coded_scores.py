"""Scores of a coded table in NumPy, as a runtime gives them, without a file."""

from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np

from converters import tflite_file
from converters.numpy_reference import run
from converters.numpy_reference.products import is_always_symmetric, rounded_rows
from converters.tables.coded import Coded, Floats
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.float32_rows import Float32Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.low_rank import LowRank
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.scorer import SCORES, VECTOR, scorer_file
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers

Scores: TypeAlias = Callable[[Floats], Floats]
"""Takes vectors float32 [batch, columns] and returns scores float32 [batch, rows], in an array of their own."""

_Kernel: TypeAlias = Callable[[Floats, Floats], None]
# It writes the scores of vectors into an array, which may be a part of a larger one: scores are many, and not copied.


def scores_of(coded: Coded, runtime: str = "") -> Scores:
    """Give the function that scores with a table, decoded once.

    Where a codec's integers are the weights of a product, vectors are rounded to 8 bits of their own range, as the
    kernels of runtimes do. `runtime`, a pin such as tflite-runtime==2.14.0, is followed where they differ, LiteRT when
    it is left out. A codec that is not known here is evaluated by its own operators, which takes longer.
    """
    return _returning(_kernel(coded, runtime), coded.rows)


def dense_scores(rows: Floats, *, rounded: bool) -> Scores:
    """Give the function that scores with decoded rows [rows, columns] of one dense layer.

    `rounded` says that its weights are integers, so that vectors are rounded to 8 bits of their own range.
    """
    return _returning(_rounded(rows) if rounded else _plain(rows), len(rows))


def _returning(kernel: _Kernel, rows: int) -> Scores:
    def score(vectors: Floats) -> Floats:
        scores = np.empty((len(vectors), rows), np.float32)
        kernel(vectors, scores)
        return scores

    return score


def _kernel(coded: Coded, runtime: str) -> _Kernel:
    return _MAKERS.get(type(coded), _by_operators)(coded, runtime)


def _plain(rows: Floats) -> _Kernel:
    def kernel(vectors: Floats, into: Floats) -> None:
        np.matmul(vectors, rows.T, out=into)

    return kernel


def _rounded(rows: Floats, *, asymmetric: bool = True) -> _Kernel:
    def kernel(vectors: Floats, into: Floats) -> None:
        np.matmul(rounded_rows(vectors, asymmetric=asymmetric), rows.T, out=into)

    return kernel


def _decoded(coded: Coded, runtime: str) -> _Kernel:
    del runtime
    return _plain(coded.decode())


def _block_rows(coded: BlockRows, runtime: str) -> _Kernel:
    del runtime
    return _rounded(coded.decode())


def _hybrid(coded: IntegerRows | NativeRows, runtime: str) -> _Kernel:
    symmetric = is_always_symmetric(f"INT{coded.bits}", coded.rows, coded.columns, runtime.partition("==")[0])
    return _rounded(coded.decode(), asymmetric=not symmetric)


def _integer_rows(coded: IntegerRows, runtime: str) -> _Kernel:
    if coded.bits != 2:  # noqa: PLR2004
        return _hybrid(coded, runtime)
    # What the four levels are shifted by is added in float, from the sum of the vector as it was before it was rounded.
    scales = coded.scales.astype(np.float32)
    product, half = _rounded(coded.values * scales[:, None]), scales / 2

    def kernel(vectors: Floats, into: Floats) -> None:
        product(vectors, into)
        into += vectors.sum(axis=1, keepdims=True) * half

    return kernel


def _low_rank(coded: LowRank, runtime: str) -> _Kernel:
    narrow, projection = _kernel(coded.factor, runtime), coded.projection.astype(np.float32).T
    return lambda vectors, into: narrow(vectors @ projection, into)


def _shared(coded: SharedRows, runtime: str) -> _Kernel:
    distinct = scores_of(coded.table, runtime)

    def kernel(vectors: Floats, into: Floats) -> None:
        np.take(distinct(vectors), coded.index, axis=1, out=into)

    return kernel


def _tiers(coded: Tiers, runtime: str) -> _Kernel:
    parts = _spans(coded.parts, [part.rows for part in coded.parts], runtime)

    def kernel(vectors: Floats, into: Floats) -> None:
        for span, part in parts:
            part(vectors, into[:, span])

    return kernel


def _columns(coded: Columns, runtime: str) -> _Kernel:
    parts = _spans(coded.parts, [part.columns for part in coded.parts], runtime)

    def kernel(vectors: Floats, into: Floats) -> None:
        into[:] = 0
        partial = np.empty_like(into)
        for span, part in parts:
            part(np.ascontiguousarray(vectors[:, span]), partial)
            into += partial

    return kernel


def _spans(parts: Iterable[Coded], lengths: list[int], runtime: str) -> list[tuple[slice, _Kernel]]:
    """Give the kernel of each part and where it stands, part after part."""
    ends = accumulate(lengths)
    return [
        (slice(end - length, end), _kernel(part, runtime))
        for part, length, end in zip(parts, lengths, ends, strict=True)
    ]


def _by_operators(coded: Coded, runtime: str) -> _Kernel:
    file = tflite_file.parse(scorer_file(coded))

    def kernel(vectors: Floats, into: Floats) -> None:
        into[:] = run(file, {VECTOR: vectors}, runtime=runtime)[SCORES]

    return kernel


_MAKERS: Mapping[type[Any], Callable[[Any, str], _Kernel]] = {
    Float16Rows: _decoded,
    Float32Rows: _decoded,
    ProductCodes: _decoded,
    AdditiveCodes: _decoded,
    NativeRows: _hybrid,
    BlockRows: _block_rows,
    IntegerRows: _integer_rows,
    LowRank: _low_rank,
    SharedRows: _shared,
    Tiers: _tiers,
    Columns: _columns,
}
