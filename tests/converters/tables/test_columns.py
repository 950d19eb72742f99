"""Tables whose columns are stored in parts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters import tflite_file
from converters.errors import ConverterError
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.tables.coded import payload_bytes
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.scorer import scorer_file


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 3), st.sampled_from([(), (3,)]))
def test_parts_lie_side_by_side_and_what_they_leave_is_zero(
    widths: list[int], left: int, tail: tuple[int, ...]
) -> None:
    random = np.random.default_rng(len(widths))
    table = random.normal(size=(5, sum(widths))).astype(np.float16)
    parts = tuple(Float16Rows(part) for part in np.split(table, np.cumsum(widths)[:-1], axis=1))
    coded = Columns(parts, sum(widths) + left)
    whole = np.pad(table.astype(np.float32), ((0, 0), (0, left)))
    assert np.array_equal(coded.decode(), whole)
    writer = GraphWriter()
    writer.output("rows", coded.lookup(writer, writer.input("ids", (-1, *tail), "INT32")))
    ids = random.integers(0, 5, (4, *tail)).astype(np.int32)
    assert np.array_equal(run(tflite_file.parse(writer.pack()), {"ids": ids})["rows"], whole[ids])
    vectors = random.normal(size=(2, coded.columns)).astype(np.float32)
    scores = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors})["scores"]
    assert np.allclose(scores, vectors @ whole.T, atol=1e-4)


@pytest.mark.parametrize("runtime", ["tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"])
def test_both_runtimes_answer_as_the_decode_does(integer_rows: Any, on_device: Any, runtime: str) -> None:
    coded = Columns((integer_rows(6, 4, 8), integer_rows(6, 8, 4)), 16)
    writer = GraphWriter()
    writer.output("rows", coded.lookup(writer, writer.input("ids", (-1,), "INT32")))
    ids = np.arange(6, dtype=np.int32)
    vectors = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
    looked_up, scored = on_device(runtime, [(writer.pack(), {"ids": ids}), (scorer_file(coded), {"vector": vectors})])
    assert np.allclose(looked_up["rows"], coded.decode(), atol=1e-5)
    expected = run(tflite_file.parse(scorer_file(coded)), {"vector": vectors})["scores"]
    assert np.allclose(scored["scores"], expected, atol=1e-4 * np.ptp(expected))


def test_scales_that_parts_have_in_common_are_stored_once(integer_rows: Any) -> None:
    part = integer_rows(6, 4, 8)
    other = type(part)(part.values[:, ::-1].copy(), part.scales, 8)
    assert payload_bytes(Columns((part, other), 8)) == 6 * 8 + 6 * 2


def test_parts_of_different_height_and_too_many_columns_are_refused(integer_rows: Any) -> None:
    with pytest.raises(ConverterError, match=r"got parts of \[3, 5\] rows, expected parts of as many rows"):
        Columns((integer_rows(3, 4, 8), integer_rows(5, 4, 8)), 8)
    with pytest.raises(ConverterError, match=r"got parts of \[4, 4\] columns, expected 7 columns at the most"):
        Columns((integer_rows(3, 4, 8), integer_rows(3, 4, 8)), 7)
    with pytest.raises(ConverterError, match=r"got parts of \[\] rows"):
        Columns((), 7)
