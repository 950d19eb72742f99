"""Coded tables in converted models, in NumPy and in both runtimes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.anatomy import anatomy
from converters.errors import ConversionFailed
from converters.fit import refuse_misfit
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.tables.coded import Coded, payload_bytes
from converters.tables.float16_rows import Float16Rows
from converters.tables.found import find_tables
from converters.tables.integer_rows import IntegerRows
from converters.tables.replacement import replace_tables
from converters.tables.tiers import Tiers

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
Load = Callable[[str], bytes]


def rounded(values: np.ndarray, bits: int) -> IntegerRows:
    top = 2 ** (bits - 1) - 1
    scales = (np.abs(values).max(axis=1) / top).astype(np.float16)
    steps = np.where(scales > 0, scales, 1).astype(np.float32)[:, None]
    return IntegerRows(np.clip(np.rint(values / steps), -top, top).astype(np.int8), scales, bits)


def halved(values: np.ndarray) -> Float16Rows:
    return Float16Rows(values.astype(np.float16))


def tiered(values: np.ndarray) -> Tiers:
    return Tiers((rounded(values[:20], 8), rounded(values[20:], 4)))


def scores(model: bytes, inputs: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(run(tflite_file.parse(model), inputs)["scores"])


def off(made: np.ndarray, expected: np.ndarray) -> float:
    assert made.shape == expected.shape
    return float(np.abs(made - expected).max() / np.ptp(expected))


@pytest.mark.parametrize("kind", ["gru", "attention"])
@pytest.mark.parametrize(
    ("encode", "near"), [(halved, 0.001), (lambda values: rounded(values, 8), 0.02), (tiered, 0.2)],
    ids=["float16", "int8", "tiers"],
)  # fmt: skip
def test_a_model_answers_with_coded_tables_in_numpy_and_in_both_runtimes(
    load: Load, on_device: Any, kind: str, encode: Callable[[np.ndarray], Coded], near: float
) -> None:
    model = load(f"converted_{kind}_float32")
    found = find_tables(model)
    coded = {table.tensors[0]: encode(table.values) for table in found}
    made = replace_tables(model, coded)
    saved = sum(table.values.nbytes for table in found) - sum(map(payload_bytes, coded.values()))
    assert saved - 6000 < len(GraphWriter(model).pack()) - len(made) <= saved + 300
    file = tflite_file.parse(made)
    refuse_misfit(file, OLD)
    assert file.min_runtime_version == anatomy(file).oldest_runtime
    for batch in (1, 7):
        inputs = {"history": np.random.default_rng(batch).integers(0, 71, (batch, 5), dtype=np.int32)}
        expected = scores(made, inputs)
        assert off(expected, scores(model, inputs)) < near
        for runtime in (OLD, NEW):
            (answer,) = on_device(runtime, [(made, inputs)])
            assert off(answer["scores"], expected) < 0.005, runtime


def two_uses(*, length: int = 3, bias: np.ndarray | None = None, activation: int = 0, keep: bool = False) -> bytes:
    """Write a model that embeds a history and scores the catalogue with one table, a score for every step or not."""
    table = np.random.default_rng(3).normal(size=(80, 16)).astype(np.float32)
    writer = GraphWriter()
    rows = writer.apply(
        "GATHER", [writer.constant(table), writer.input("history", (-1, length), "INT32")], (-1, length, 16)
    )
    if not keep:
        axis = writer.constant(np.array([1], np.int32))
        rows = writer.apply("MEAN", [rows, axis], (-1, 16))
    inputs = [rows, writer.constant(table), -1 if bias is None else writer.constant(bias)]
    shape = (-1, length, 80) if keep else (-1, 80)
    version, options = (5 if keep else 1), {"keep_num_dims": keep, "fused_activation_function": activation}
    writer.output("scores", writer.apply("FULLY_CONNECTED", inputs, shape, version=version, **options))
    return writer.pack()


BIAS = np.arange(-40, 40).astype(np.float32)


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"bias": BIAS}, {"bias": BIAS, "activation": 1}, {"activation": 3}, {"keep": True},
        {"keep": True, "bias": BIAS},
    ],
    ids=["plain", "bias", "bias and relu", "relu6", "every step", "every step and bias"],
)  # fmt: skip
def test_what_surrounds_the_product_stays(on_device: Any, settings: dict[str, Any]) -> None:
    model = two_uses(**settings)
    (table,) = find_tables(model)
    made = replace_tables(model, {table.tensors[0]: rounded(table.values, 8)})
    for batch in (1, 7):
        inputs = {"history": np.random.default_rng(batch).integers(0, 80, (batch, 3), dtype=np.int32)}
        expected = scores(made, inputs)
        assert off(expected, scores(model, inputs)) < 0.02
        for runtime in (OLD, NEW):
            (answer,) = on_device(runtime, [(made, inputs)])
            assert off(answer["scores"], expected) < 0.005, runtime


def test_a_table_with_two_uses_is_stored_once() -> None:
    model = two_uses()
    (table,) = find_tables(model)
    coded = rounded(table.values, 4)
    made = replace_tables(model, {table.tensors[0]: coded})
    assert len(made) < payload_bytes(coded) + 3_500
    sizes = [one.bytes for one in anatomy(tflite_file.parse(made)).tensors]
    assert sizes.count(80 * 8) == 1


def test_a_bias_of_zeros_takes_no_bytes() -> None:
    model = two_uses(bias=np.zeros(80, np.float32))
    (table,) = find_tables(model)
    made = replace_tables(model, {table.tensors[0]: rounded(table.values, 8)})
    assert all(operator.name != "ADD" for operator in tflite_file.parse(made).subgraphs[0].operators)
    assert all(one.bytes != 80 * 4 for one in anatomy(tflite_file.parse(made)).tensors)


def wide_ids(table: np.ndarray) -> bytes:
    writer = GraphWriter()
    ids = writer.input("user", (-1,), "INT64")
    writer.output("scores", writer.apply("GATHER", [writer.constant(table), ids], (-1, 16)))
    return writer.pack()


def test_ids_of_64_bits_are_narrowed(on_device: Any) -> None:
    table = np.random.default_rng(3).normal(size=(80, 16)).astype(np.float32)
    model, coded = wide_ids(table), tiered(table)
    (found,) = find_tables(model)
    made = replace_tables(model, {found.tensors[0]: coded})
    inputs = {"user": np.array([0, 79, 20], np.int64)}
    for runtime in (OLD, NEW):
        (answer,) = on_device(runtime, [(made, inputs)])
        assert np.allclose(answer["scores"], coded.decode()[[0, 79, 20]])


def test_a_tensor_that_is_no_table_and_a_codec_of_another_shape_are_refused(load: Load) -> None:
    model = load("converted_gru_float32")
    table = find_tables(model)[0]
    coded = halved(table.values)
    with pytest.raises(ConversionFailed, match=r"got tensor 0, expected one of the model's tables: 1 \(model/dense"):
        replace_tables(model, {0: coded})
    with pytest.raises(ConversionFailed, match="got a coded table of 69 rows and 16 columns for tensor 1, expected 70"):
        replace_tables(model, {1: halved(table.values[:69])})


def test_replacing_twice_gives_the_same_bytes(load: Load) -> None:
    model = load("converted_gru_float32")
    coded = {table.tensors[0]: rounded(table.values, 4) for table in find_tables(model)}
    assert replace_tables(model, coded) == replace_tables(model, coded)
