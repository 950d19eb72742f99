"""Scores on decoded tables against the NumPy decode of the file that ships."""

from collections.abc import Callable

import numpy as np
import pytest

from converters import tflite_file
from converters.numpy_reference import run
from converters.numpy_reference.products import rounded_rows
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.float32_rows import Float32Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.low_rank import LowRank
from converters.tables.native_rows import NativeRows
from converters.tables.product_codes import AdditiveCodes
from converters.tables.scorer import scorer_file
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers
from edgerec.search import coded_scores
from edgerec.search.coded_scores import dense_scores, scores_of

RANDOM = np.random.default_rng(0)


def integers(rows: int, columns: int, bits: int) -> IntegerRows:
    most = 2 ** (bits - 1)
    values = RANDOM.integers(-most + 1, most, (rows, columns)).astype(np.int8)
    return IntegerRows(values, RANDOM.uniform(0.1, 1, rows).astype(np.float16), bits)


def float16(rows: int, columns: int) -> Float16Rows:
    return Float16Rows(RANDOM.normal(size=(rows, columns)).astype(np.float16))


CODES = AdditiveCodes(RANDOM.integers(0, 4, (5, 2)).astype(np.uint8), RANDOM.normal(size=(2, 4, 8)).astype(np.float16))
CODES_OF_32 = AdditiveCodes(CODES.codes, RANDOM.normal(size=(2, 4, 32)).astype(np.float16))
NATIVE = NativeRows(integers(6, 8, 8).values, RANDOM.uniform(0.1, 1, 6).astype(np.float32), 8)
PLAIN = {"float32": Float32Rows(RANDOM.normal(size=(6, 8)).astype(np.float32)), "codes": CODES}
ROUNDED = {
    "int8": integers(6, 8, 8),
    "int4": integers(6, 8, 4),
    "int2": integers(6, 8, 2),
    "native": NATIVE,
    "tiers": Tiers((integers(2, 8, 8), integers(3, 8, 2), CODES)),
    "columns": Columns((integers(6, 2, 8), integers(6, 4, 4)), 8),
    "columns in tiers": Tiers((Columns((float16(2, 4),), 8), integers(3, 8, 4))),
    "columns that are shared": SharedRows(np.array([2, 0, 1, 2], np.uint8), Columns((integers(3, 8, 8),), 8)),
    "low rank": LowRank(integers(5, 4, 8), RANDOM.normal(size=(4, 8)).astype(np.float16)),
}


@pytest.mark.parametrize("name", [*PLAIN, *ROUNDED])
def test_a_table_scores_as_its_file_does(name: str) -> None:
    coded = {**PLAIN, **ROUNDED}[name]
    vectors = RANDOM.normal(size=(7, 8)).astype(np.float32)
    expected = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors})["scores"]
    found = scores_of(coded)(vectors)
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-4)
    assert np.allclose(found, vectors @ coded.decode().T, atol=1e-4) == (name in PLAIN)


@pytest.mark.parametrize("name", [*PLAIN, *ROUNDED])
def test_every_codec_of_the_tables_is_scored_without_its_operators(name: str) -> None:
    assert type({**PLAIN, **ROUNDED}[name]) in coded_scores._MAKERS


@pytest.mark.parametrize("around", [lambda coded: coded, lambda coded: Tiers((coded, CODES_OF_32))])
def test_four_bit_rows_are_scored_as_the_runtime_rounds_their_vectors(around: Callable[[Coded], Coded]) -> None:
    vectors = RANDOM.uniform(0, 1, (5, 32)).astype(np.float32)
    four, eight = integers(6, 32, 4), integers(6, 32, 8)
    expected = rounded_rows(vectors, asymmetric=False) @ four.decode().T
    found = scores_of(around(four), runtime="tflite-runtime")(vectors)[:, :6]
    assert np.allclose(found, expected, atol=1e-4)
    assert not np.allclose(scores_of(around(four))(vectors)[:, :6], expected, atol=1e-4)
    same = [scores_of(around(eight), runtime=runtime)(vectors) for runtime in ("", "tflite-runtime")]
    assert np.array_equal(*same)


def test_one_dense_layer_rounds_its_vectors_where_its_weights_are_integers() -> None:
    vectors, rows = RANDOM.normal(size=(3, 8)).astype(np.float32), NATIVE.decode()
    assert np.array_equal(dense_scores(rows, rounded=True)(vectors), scores_of(NATIVE)(vectors))
    assert np.array_equal(dense_scores(rows, rounded=False)(vectors), vectors @ rows.T)
    assert not np.allclose(dense_scores(rows, rounded=True)(vectors), vectors @ rows.T, atol=1e-4)
