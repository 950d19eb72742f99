"""Scales that are the tensor's own quantization: what is refused, and why an older version would be wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.errors import ConverterError
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.tables.bits import packed_bits
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.operations import hybrid
from converters.tables.scorer import scorer_file


@pytest.mark.parametrize("bits", [8, 4])
def test_under_an_older_version_2_14_takes_the_file_and_gives_garbage(
    integer_rows: Callable[..., Any], on_device: Any, bits: int
) -> None:
    """Seen on tflite-runtime 2.14.0: why the version written is one that it refuses."""
    rows = integer_rows(50, 16, bits)
    writer = GraphWriter()
    weights = writer.constant(
        packed_bits(rows.values, bits), f"INT{bits}", rows.values.shape, scales=rows.scales.astype(np.float32)
    )
    writer.output("scores", hybrid(writer, writer.input("vector", (-1, 16)), weights, version=10))
    model = writer.pack()
    inputs = {"vector": np.random.default_rng(0).normal(size=(1, 16)).astype(np.float32)}
    expected = run(tflite_file.parse(model), inputs)["scores"]
    (old,) = on_device("tflite-runtime==2.14.0", [(model, inputs)])
    (new,) = on_device("ai-edge-litert==2.3.0", [(model, inputs)])
    assert np.abs(old["scores"] - expected).max() > 0.2 * np.ptp(expected)
    assert np.abs(new["scores"] - expected).max() < 0.002 * np.ptp(expected)


def test_scales_of_blocks_are_repeated_over_their_columns() -> None:
    rows = BlockRows(np.ones((1, 64), np.int8), np.array([[1, 2]], np.float16))
    assert rows.decode().tolist() == [[1] * 32 + [2] * 32]


@pytest.mark.parametrize(
    ("columns", "scales", "message"),
    [
        (64, np.ones((2, 4), np.float16), r"scales for \[2, 64\], expected blocks of a multiple of 32"),
        (64, np.ones((2, 0), np.float16), "expected blocks of a multiple of 32 columns"),
        (64, np.ones((3, 2), np.float16), r"expected float16 \[2, blocks\]"),
        (64, np.ones((2, 2), np.float32), r"expected float16 \[2, blocks\]"),
    ],
)  # fmt: skip
def test_blocks_that_do_not_fit_are_refused(columns: int, scales: np.ndarray, message: str) -> None:
    with pytest.raises(ConverterError, match=message):
        BlockRows(np.zeros((2, columns), np.int8), scales)


def test_scales_of_another_type_are_refused() -> None:
    with pytest.raises(ConverterError, match=r"got float16 \[2\] scales, expected float32 \[2\]"):
        NativeRows(np.zeros((2, 4), np.int8), np.ones(2, np.float16), 8)


def test_litert_scores_with_scales_of_blocks_in_bfloat16_and_looks_up_with_all_their_bits(
    on_device: Any, lookup_file: Callable[..., bytes]
) -> None:
    """Seen on ai-edge-litert 2.3.0: XNNPACK takes scales of blocks in bfloat16 only."""
    rows = BlockRows(np.full((9, 32), 7, np.int8), np.full((9, 1), 1 + 2**-9, np.float16))
    vector, ids = {"vector": np.eye(32, dtype=np.float32)[:1]}, {"ids": np.array([4], np.int32)}
    model = scorer_file(rows)
    scored, found = on_device("ai-edge-litert==2.3.0", [(model, vector), (lookup_file(rows), ids)])
    assert scored["scores"].tolist() == pytest.approx(run(tflite_file.parse(model), vector)["scores"], rel=1e-6)
    assert scored["scores"][0] == pytest.approx([7] * 9, rel=1e-6)
    assert (found["rows"] == np.float32(7 * (1 + 2**-9))).all()
