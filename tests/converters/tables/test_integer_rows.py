"""Rows of integers: which levels they stand for, one buffer for two uses, and what is refused."""

from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.errors import ConverterError
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.tables.bits import packed_bits
from converters.tables.coded import payload_bytes
from converters.tables.integer_rows import IntegerRows
from converters.tables.operations import hybrid


def test_two_bits_are_four_symmetric_levels() -> None:
    rows = IntegerRows(np.array([[-2, -1, 0, 1]], np.int8), np.array([2], np.float16), 2)
    assert rows.decode().tolist() == [[-3, -1, 1, 3]]


def test_other_widths_stand_for_themselves() -> None:
    rows = IntegerRows(np.array([[-7, 7]], np.int8), np.array([0.5], np.float16), 4)
    assert rows.decode().tolist() == [[-3.5, 3.5]]


def test_why_4_bits_do_without_their_lowest_value(on_device: Any) -> None:
    """Seen on tflite-runtime 2.14.0: one -8 in a table of 4 rows and 32 columns, and the scores are garbage."""
    values = np.random.default_rng(0).integers(-7, 8, (4, 32)).astype(np.int8)
    inputs = {"vector": np.random.default_rng(1).normal(size=(1, 32)).astype(np.float32)}
    off = []
    for lowest in (-7, -8):
        values[2, 5] = lowest
        writer = GraphWriter()
        weights = writer.constant(packed_bits(values, 4), "INT4", values.shape, scales=(1.0,))
        writer.output("scores", hybrid(writer, writer.input("vector", (-1, 32)), weights, version=10))
        (answer,) = on_device("tflite-runtime==2.14.0", [(writer.pack(), inputs)])
        expected = inputs["vector"] @ values.T.astype(np.float32)
        off.append(float(np.abs(answer["scores"] - expected).max() / np.ptp(expected)))
    assert off[0] < 0.01
    assert off[1] > 0.1
    with pytest.raises(ConverterError, match="got -8 to 7, expected values from -7 to 7 at 4 bits"):
        IntegerRows(np.array([[-8, 7]], np.int8), np.ones(1, np.float16), 4)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_a_table_looked_up_and_scored_with_lies_in_one_buffer(integer_rows: Any, on_device: Any, bits: int) -> None:
    rows = integer_rows(60, 16, bits)
    writer = GraphWriter()
    ids = writer.input("ids", (-1,), "INT32")
    writer.output("scores", rows.scores(writer, rows.lookup(writer, ids)))
    model = writer.pack()
    buffers = sorted((end - start for start, end in tflite_file.parse(model).spans), reverse=True)
    assert sum(buffers[:2]) == payload_bytes(rows) == 60 * 2 * bits + 60 * 2
    assert sum(buffers[2:]) < 100
    inputs = {"ids": np.arange(0, 60, 7, dtype=np.int32)}
    expected = run(tflite_file.parse(model), inputs)["scores"]
    for runtime in ("tflite-runtime==2.14.0", "ai-edge-litert==2.3.0")[bits == 2 :]:
        (answer,) = on_device(runtime, [(model, inputs)])
        assert np.abs(answer["scores"] - expected).max() < 0.002 * np.ptp(expected)


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        (np.ones(3, np.float16), r"got float16 \[3\] scales, expected float16 \[2\]"),
        (np.ones(2, np.float32), r"got float32 \[2\] scales, expected float16 \[2\]"),
        (np.array([1, np.inf], np.float16), "got inf in the scale of row 1, expected finite numbers"),
    ],
)
def test_scales_that_do_not_fit_are_refused(scales: np.ndarray, message: str) -> None:
    with pytest.raises(ConverterError, match=message):
        IntegerRows(np.zeros((2, 4), np.int8), scales, 8)
