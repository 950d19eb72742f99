"""Codes of any number and any number of centroids, alone and two a byte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters import tflite_file
from converters.errors import ConverterError
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.tables.codes import octets, refuse_misfit, summed_entries
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.scorer import scorer_file

SHAPES = st.tuples(st.integers(1, 6), st.sampled_from([1, 2, 3, 7, 15, 16, 17, 100, 255, 256]), st.integers(1, 3))


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(1, 40), st.booleans(), st.integers(0, 99))
def test_rows_and_scores_are_those_of_the_decoded_table(
    shape: tuple[int, int, int], rows: int, scaled: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    picked = random.integers(0, shape[1], (rows, shape[0])).astype(np.uint8)
    picked[0] = shape[1] - 1
    books = random.normal(size=shape).astype(np.float16)
    scales = random.uniform(0.5, 2, rows).astype(np.float16) if scaled else None
    for kind in (ProductCodes, AdditiveCodes):
        coded = kind(picked, books, scales)
        writer = GraphWriter()
        writer.output("rows", coded.lookup(writer, writer.input("ids", (-1,), "INT32")))
        ids = np.arange(rows, dtype=np.int32)
        assert np.allclose(run(tflite_file.parse(writer.pack()), {"ids": ids})["rows"], coded.decode(), atol=1e-5)
        vectors = random.normal(size=(3, coded.columns)).astype(np.float32)
        scores = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors})["scores"]
        assert np.allclose(scores, vectors @ coded.decode().T, atol=1e-4)


def test_product_codes_lie_side_by_side_and_additive_codes_add_up() -> None:
    books = np.array([[[1, 2], [3, 4]], [[10, 20], [30, 40]]], np.float16)
    picked = np.array([[0, 1], [1, 0]], np.uint8)
    assert ProductCodes(picked, books).decode().tolist() == [[1, 2, 30, 40], [3, 4, 10, 20]]
    assert AdditiveCodes(picked, books).decode().tolist() == [[31, 42], [13, 24]]
    halves = np.array([0.5, 2], np.float16)
    assert AdditiveCodes(picked, books, halves).decode().tolist() == [[15.5, 21], [26, 48]]


def test_sixteen_centroids_take_half_a_byte_where_codes_come_in_pairs() -> None:
    picked = np.array([[1, 15, 2, 0]], np.uint8)
    assert octets(picked, 16).tolist() == [[0xF1, 0x02]]
    assert octets(picked, 17) is picked
    assert octets(picked[:, :3], 16).shape == (1, 3)
    assert octets(np.array([[12, 12]], np.uint8), 13).tolist() == [[168]]


@pytest.mark.parametrize("centroids", range(1, 17))
def test_every_byte_of_a_pair_is_taken_apart_exactly(centroids: int) -> None:
    picked = np.array(list(np.ndindex(centroids, centroids)), np.uint8)
    books = np.stack([np.arange(centroids), np.arange(centroids)])[:, :, None].astype(np.float16)
    coded = ProductCodes(picked, books)
    writer = GraphWriter()
    writer.output("rows", coded.lookup(writer, writer.input("ids", (-1,), "INT32")))
    ids = np.arange(len(picked), dtype=np.int32)
    assert np.array_equal(run(tflite_file.parse(writer.pack()), {"ids": ids})["rows"], picked)


def test_entries_of_pairs_are_summed_before_they_are_picked() -> None:
    writer = GraphWriter()
    entries = writer.input("entries", (-1, 2, 3))
    picked = np.array([[0, 2], [2, 1]], np.uint8)
    writer.output("scores", summed_entries(writer, picked, entries))
    file = tflite_file.parse(writer.pack())
    given_entries = np.array([[[1, 2, 3], [10, 20, 30]], [[4, 5, 6], [40, 50, 60]]], np.float32)
    assert run(file, {"entries": given_entries})["scores"].tolist() == [[31, 23], [64, 56]]
    (gather,) = (one for one in file.subgraphs[0].operators if one.name == "GATHER")
    assert file.subgraphs[0].tensors[gather.outputs[0]].shape == (1, 2, 1)


CODES, BOOKS = np.zeros((4, 2), np.uint8), np.zeros((2, 8, 3), np.float16)


@pytest.mark.parametrize(
    ("codes", "books", "scales", "message"),
    [
        (CODES.astype(np.int32), BOOKS, None, r"got codes int32 \[4, 2\], expected uint8 \[rows, codes\]"),
        (CODES[:, :0], BOOKS, None, r"got codes uint8 \[4, 0\], expected uint8 \[rows, codes\]"),
        (CODES, BOOKS[:1], None, r"got codebooks float16 \[1, 8, 3\], expected float16 \[2, centroids, columns\]"),
        (CODES, BOOKS.astype(np.float32), None, r"got codebooks float32 \[2, 8, 3\], expected float16"),
        (CODES, np.zeros((2, 257, 1), np.float16), None, "got 257 centroids, expected 1 to 256"),
        (CODES + 8, BOOKS, None, "got the code 8, expected codes from 0 to 7"),
        (CODES, BOOKS * np.float16(np.nan), None, "got nan in a centroid of row 0, expected finite numbers"),
        (CODES, BOOKS, np.ones(3, np.float16), r"got scales float16 \[3\], expected float16 \[4\]"),
        (CODES, BOOKS, np.full(4, np.inf, np.float16), "got inf in the scale of row 0, expected finite numbers"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    codes: np.ndarray, books: np.ndarray, scales: np.ndarray | None, message: str
) -> None:
    with pytest.raises(ConverterError, match=message):
        refuse_misfit(codes, books, scales)
