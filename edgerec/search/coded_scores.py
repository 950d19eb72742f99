"""Scores of a coded table in NumPy, as a runtime gives them, without a file."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from converters import tflite_file
from converters.numpy_reference import run
from converters.numpy_reference.products import is_always_symmetric, rounded_rows
from converters.tables.coded import Coded, Floats
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


def scores_of(coded: Coded, runtime: str = "") -> Scores:
    """Give the function that scores with a table, decoded once.

    Where a codec's integers are the weights of a product, vectors are rounded to 8 bits of their own range, as the
    kernels of runtimes do. `runtime`, a pin such as tflite-runtime==2.14.0, is followed where they differ, LiteRT when
    it is left out. A codec that is not known here is evaluated by its own operators, which takes longer.
    """
    return _MAKERS.get(type(coded), _by_operators)(coded, runtime)


def _plain(coded: Coded, runtime: str = "") -> Scores:
    del runtime
    table = coded.decode().T

    def score(vectors: Floats) -> Floats:
        product: Floats = vectors @ table
        return product

    return score


def _hybrid(coded: Coded, runtime: str, *, dtype: str = "INT8") -> Scores:
    product = _plain(coded)
    symmetric = is_always_symmetric(dtype, coded.rows, coded.columns, runtime.partition("==")[0])
    return lambda vectors: product(rounded_rows(vectors, asymmetric=not symmetric))


def _integer_rows(coded: IntegerRows, runtime: str) -> Scores:
    if coded.bits != 2:  # noqa: PLR2004
        return _hybrid(coded, runtime, dtype=f"INT{coded.bits}")
    # What the four levels are shifted by is added in float, from the sum of the vector as it was before it was rounded.
    scales = coded.scales.astype(np.float32)
    table = np.concatenate([coded.values.T * scales, scales[None] / 2])

    def score(vectors: Floats) -> Floats:
        rounded = rounded_rows(vectors, asymmetric=True)
        product: Floats = np.concatenate([rounded, vectors.sum(axis=1, keepdims=True)], axis=1) @ table
        return product

    return score


def _native_rows(coded: NativeRows, runtime: str) -> Scores:
    return _hybrid(coded, runtime, dtype=f"INT{coded.bits}")


def _low_rank(coded: LowRank, runtime: str) -> Scores:
    narrow, projection = scores_of(coded.factor, runtime), coded.projection.astype(np.float32).T
    return lambda vectors: narrow(vectors @ projection)


def _shared(coded: SharedRows, runtime: str) -> Scores:
    distinct = scores_of(coded.table, runtime)
    return lambda vectors: np.take(distinct(vectors), coded.index, axis=1)


def _tiers(coded: Tiers, runtime: str) -> Scores:
    parts = [scores_of(part, runtime) for part in coded.parts]
    return lambda vectors: np.concatenate([part(vectors) for part in parts], axis=1)


def _by_operators(coded: Coded, runtime: str) -> Scores:
    file = tflite_file.parse(scorer_file(coded))
    return lambda vectors: run(file, {VECTOR: vectors}, runtime=runtime)[SCORES]


_MAKERS: Mapping[type[Any], Callable[[Any, str], Scores]] = {
    Float16Rows: _plain,
    Float32Rows: _plain,
    ProductCodes: _plain,
    AdditiveCodes: _plain,
    NativeRows: _native_rows,
    BlockRows: _hybrid,
    IntegerRows: _integer_rows,
    LowRank: _low_rank,
    SharedRows: _shared,
    Tiers: _tiers,
}
