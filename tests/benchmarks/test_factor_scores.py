"""Scores on decoded tables against the NumPy decode of the file that ships."""

import numpy as np
import pytest

from benchmarks.factor_scores import float_scores, in_order, kernel_of, kernel_of_file, scores_of
from converters import tflite_file
from converters.numpy_reference import run
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.native_rows import NativeRows
from converters.tables.product_codes import AdditiveCodes
from converters.tables.scorer import scorer_file
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers

RANDOM = np.random.default_rng(0)


def integers(rows: int, columns: int, bits: int) -> IntegerRows:
    most = 2 ** (bits - 1)
    values = RANDOM.integers(-most + 1, most, (rows, columns)).astype(np.int8)
    return IntegerRows(values, RANDOM.uniform(0.1, 1, rows).astype(np.float16), bits)


def float16(rows: int, columns: int) -> Float16Rows:
    return Float16Rows(RANDOM.normal(size=(rows, columns)).astype(np.float16))


CODES = AdditiveCodes(RANDOM.integers(0, 4, (5, 2)).astype(np.uint8), RANDOM.normal(size=(2, 4, 8)).astype(np.float16))
TABLES = {
    "int8": integers(6, 8, 8),
    "int4": integers(6, 8, 4),
    "int2": integers(6, 8, 2),
    "native": NativeRows(integers(6, 8, 8).values, RANDOM.uniform(0.1, 1, 6).astype(np.float32), 8),
    "codes": CODES,
    "tiers": Tiers((integers(2, 8, 8), integers(3, 8, 2), CODES)),
    "columns": Columns((integers(6, 2, 8), integers(6, 4, 4)), 8),
    "columns in tiers": Tiers((Columns((float16(2, 4),), 8), integers(3, 8, 4))),
    "shared": SharedRows(np.array([2, 0, 1, 2], np.uint8), integers(3, 8, 8)),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_scores_as_its_file_does(name: str) -> None:
    coded: Coded = TABLES[name]
    vectors = RANDOM.normal(size=(7, 8)).astype(np.float32)
    expected = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors})["scores"]
    found = scores_of(kernel_of(coded), coded.rows, vectors)(slice(2, 7))
    assert np.allclose(found, expected[2:], atol=1e-4)
    plain = float_scores(coded.decode(), vectors)(slice(2, 7))
    is_rounded = "int" in name or name in {"native", "tiers", "columns", "columns in tiers", "shared"}
    assert np.allclose(found, plain, atol=1e-4) != is_rounded


@pytest.mark.parametrize("coded", [TABLES["int8"], TABLES["native"]], ids=["one scale", "a scale a row"])
def test_a_file_of_one_dense_layer_is_scored_from_what_it_holds(coded: Coded) -> None:
    vectors = RANDOM.normal(size=(3, 8)).astype(np.float32)
    values = coded.values.astype(np.float32) if isinstance(coded, IntegerRows) else coded.decode()
    given = scores_of(kernel_of_file(scorer_file(coded)), 6, vectors)(slice(3))
    expected = scores_of(kernel_of(NativeRows(coded.values, np.ones(6, np.float32), 8)), 6, vectors)(slice(3))
    assert given.shape == expected.shape
    scale = values / np.where(coded.values, coded.values, 1)
    assert np.allclose(given, expected * scale.max(axis=1), rtol=1e-4, atol=1e-3)


def test_items_without_a_row_are_never_recommended() -> None:
    table = np.eye(2, dtype=np.float32)
    scores = in_order(float_scores(table, table), np.array([2, 0]), 3)(slice(2))
    assert scores.tolist() == [[0, -np.inf, 1], [1, -np.inf, 0]]
