"""Graphs under construction: what is stored once, what a tensor is, what is replaced."""

from collections.abc import Callable

import numpy as np
import pytest

from converters import tflite_file
from converters.errors import ConversionFailed
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run

Load = Callable[[str], bytes]


def test_a_graph_from_nothing_answers() -> None:
    writer = GraphWriter()
    left, right = writer.input("left", (-1, 2)), writer.input("right", (-1, 2))
    writer.output("sum", writer.apply("ADD", [left, right], (-1, 2)))
    file = tflite_file.parse(writer.pack())
    assert (file.version, file.signatures[0].key) == (3, "serving_default")
    assert file.subgraphs[0].inputs == (file.signatures[0].inputs["left"], file.signatures[0].inputs["right"])
    ones = np.ones((3, 2), np.float32)
    assert run(file, {"left": ones, "right": 2 * ones})["sum"].tolist() == [[3, 3]] * 3


def test_a_batch_axis_is_one_and_free_and_a_scalar_has_a_rank() -> None:
    writer = GraphWriter()
    index = writer.tensor((-1, 5), "INT32")
    tensor, scalar = writer.subgraph.tensors[index], writer.subgraph.tensors[writer.tensor((), "INT32")]
    assert (tensor.shape.tolist(), tensor.shapeSignature.tolist()) == ([1, 5], [-1, 5])
    assert (writer.shape(index), writer.dtype(index)) == ((-1, 5), "INT32")
    assert (scalar.shape.tolist(), scalar.hasRank) == ([], True)


def test_constants_of_equal_bytes_share_a_buffer_and_equal_tensors_are_one() -> None:
    writer = GraphWriter()
    values = np.arange(8, dtype=np.int8).reshape(2, 4)
    first, again = writer.constant(values), writer.constant(values.copy())
    other = writer.constant(values, "INT4", (2, 8))
    scaled = writer.constant(values, scales=(1.0,))
    assert first == again
    assert len({first, other, scaled}) == 3
    assert len({writer.subgraph.tensors[index].buffer for index in (first, other, scaled)}) == 1
    assert writer.is_constant(first)
    assert not writer.is_constant(writer.tensor((1,), "INT8"))


def test_an_operator_applied_twice_to_the_same_is_one_and_with_other_options_another() -> None:
    writer = GraphWriter()
    vector = writer.input("vector", (-1, 4))
    axis = writer.constant(np.array([1], np.int32))
    made = [writer.apply("SUM", [vector, axis], shape, keep_dims=keep) for keep, shape in ((1, (-1, 1)), (0, (-1,)))]
    assert writer.apply("SUM", [vector, axis], (-1, 1), keep_dims=1) == made[0] != made[1]
    kept, plain = writer.subgraph.operators
    assert (writer.option(kept, "keep_dims"), writer.option(plain, "keep_dims")) == (1, 0)
    assert plain.builtinOptions is None
    assert (writer.name(kept), writer.version(kept)) == ("SUM", 1)
    assert writer.source(made[0]) is kept
    assert writer.source(vector) is None
    assert writer.readers(axis) == [kept, plain]


def test_a_version_is_of_one_operator_alone() -> None:
    writer = GraphWriter()
    vector = writer.input("vector", (-1, 4))
    for name in ("FLOOR", "ABS"):
        writer.apply(name, [vector], (-1, 4))
    one, other = writer.subgraph.operators
    writer.apply("FLOOR", [writer.source(1).outputs[0]], (-1, 4))
    writer.set_version(one, "FLOOR", 7)
    assert [writer.version(operator) for operator in writer.subgraph.operators] == [7, 1, 1]
    assert writer.name(other) == "ABS"


def test_a_tensor_is_replaced_in_operators_outputs_and_signature() -> None:
    writer = GraphWriter()
    vector = writer.input("vector", (-1, 4))
    old = writer.apply("ABS", [vector], (-1, 4))
    writer.output("old", old)
    writer.output("after", writer.apply("FLOOR", [old], (-1, 4)))
    writer.replace(old, writer.apply("NEG", [vector], (-1, 4)))
    file = tflite_file.parse(writer.pack())
    outputs = run(file, {"vector": np.full((1, 4), 2.5, np.float32)})
    assert (outputs["old"][0, 0], outputs["after"][0, 0]) == (-2.5, -3)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_stored_numbers_are_read(dtype: type) -> None:
    writer = GraphWriter()
    values = np.arange(6, dtype=dtype).reshape(2, 3)
    assert np.array_equal(writer.values(writer.constant(values)), values)


def test_two_subgraphs_are_refused(load: Load) -> None:
    with pytest.raises(ConversionFailed, match="expected one subgraph, got 2; convert one signature"):
        GraphWriter(load("two_signatures"))
