"""What is written: an order that runs, nothing unused, buffers at places that kernels can read."""

from collections.abc import Callable

import numpy as np
import pytest

from converters import tflite_file, values
from converters.anatomy import anatomy
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run

Load = Callable[[str], bytes]
MODELS = ("converted_gru_float32", "converted_attention_float32", "converted_gru_full_int8", "history_hybrid")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_nothing_changed_answers_as_before(load: Load, name: str) -> None:
    before, after = tflite_file.parse(load(name)), tflite_file.parse(GraphWriter(load(name)).pack())
    (signature,) = before.signatures
    tensor = before.subgraphs[0].tensors[signature.inputs["history"]]
    ids = np.random.default_rng(0).integers(0, 10, (7, *tensor.shape[1:]), dtype=np.int32)
    for output in signature.outputs:
        made, expected = (run(file, {"history": ids}, signature.key)[output] for file in (after, before))
        assert np.array_equal(made, expected)
    assert anatomy(after).ops == anatomy(before).ops
    assert [one.name for one in after.subgraphs[0].operators] == [one.name for one in before.subgraphs[0].operators]


def test_operators_run_after_what_they_read_and_else_stay_where_they_are() -> None:
    writer = GraphWriter()
    vector = writer.input("vector", (-1, 2))
    middle = writer.tensor((-1, 2), "FLOAT32")
    writer.output("last", writer.apply("ABS", [middle], (-1, 2)))
    writer.output("other", writer.apply("FLOOR", [vector], (-1, 2)))
    writer.operator("NEG", [vector], middle)
    file = tflite_file.parse(writer.pack())
    assert [operator.name for operator in file.subgraphs[0].operators] == ["NEG", "ABS", "FLOOR"]


def test_codes_tensors_and_buffers_that_nothing_refers_to_are_gone() -> None:
    writer = GraphWriter()
    vector = writer.input("vector", (-1, 2))
    unused = writer.constant(np.arange(1000, dtype=np.float32))
    writer.apply("ADD", [vector, unused], (-1, 1000))
    writer.subgraph.operators.clear()
    writer.output("negative", writer.apply("NEG", [vector], (-1, 2)))
    model = writer.pack()
    file = tflite_file.parse(model)
    assert [code.name for code in file.operator_codes] == ["NEG"]
    assert len(file.subgraphs[0].tensors) == 2
    assert len(file.spans) == 1
    assert len(model) < 600


def test_the_tensor_that_holds_scales_of_blocks_is_kept_and_found() -> None:
    writer = GraphWriter()
    writer.constant(np.zeros(99, np.float32))  # shifts every index when it is left out
    query = writer.input("vector", (-1, 64))
    scales = np.array([[1, 2], [3, 4]], np.float16)
    packed = np.full((2, 32), 0x11, np.int8)
    weights = writer.constant(packed, "INT4", (2, 64), blocks=(writer.constant(scales), 32))
    writer.output("scores", writer.apply("FULLY_CONNECTED", [query, weights, -1], (-1, 2), version=13))
    file = tflite_file.parse(writer.pack())
    (tensor,) = (one for one in file.subgraphs[0].tensors if one.quantization)
    assert np.array_equal(values.decode(file, tensor), np.repeat(scales, 32, axis=1))


@pytest.mark.parametrize("name", MODELS)
def test_buffers_begin_at_multiples_of_sixteen_bytes(load: Load, name: str) -> None:
    file = tflite_file.parse(GraphWriter(load(name)).pack())
    assert all(start % 16 == 0 for start, end in file.spans if end > start)


def test_the_claim_of_the_oldest_runtime_follows_the_operators(load: Load) -> None:
    writer = GraphWriter(load("converted_gru_float32"))
    dense = next(one for one in writer.subgraph.operators if writer.name(one) == "FULLY_CONNECTED")
    writer.set_version(dense, "FULLY_CONNECTED", 12)
    file = tflite_file.parse(writer.pack())
    assert file.min_runtime_version == anatomy(file).oldest_runtime == "2.17.0"
