from collections.abc import Callable

import numpy as np
import pytest

from converters.graph_writer import GraphWriter
from converters.probes.models import densified, fully_connected, in_integers
from converters.probes.weights import COLUMNS, Weights, floats, integers
from converters.tflite_file import parse
from converters.weight_use import WeightUse, weight_uses

Load = Callable[[str], bytes]


def dense_on(weights: "Callable[[GraphWriter], int]", *, version: int = 1, columns: int = 4) -> bytes:
    writer = GraphWriter()
    given = writer.input("x", (-1, columns))
    writer.output("y", writer.apply("FULLY_CONNECTED", [given, weights(writer), -1], (-1, 2), version=version))
    return writer.pack()


def uses(model: bytes) -> list[WeightUse]:
    return [one.weights for one in weight_uses(parse(model))]


def test_the_weights_of_ai_edge_quantizer_are_told_by_row_under_version_1(load: Load) -> None:
    found = {
        (str(one.weights), one.weights.op, one.version) for one in weight_uses(parse(load("history_garbage_on_2_14")))
    }
    assert ("INT8 per row weights with FLOAT32 to FLOAT32, a bias", "FULLY_CONNECTED", 1) in found
    assert ("INT8 per tensor weights to INT8", "GATHER", 2) in found


@pytest.mark.parametrize(
    ("make", "granularity", "layout"),
    [
        (lambda writer: writer.constant(np.ones((2, 4), np.int8)), "none", "dense"),
        (lambda writer: writer.constant(np.ones((2, 4), np.int8), scales=[1.0]), "tensor", "dense"),
        (lambda writer: writer.constant(np.ones((2, 4), np.int8), scales=[1.0, 2.0]), "row", "dense"),
        (lambda writer: writer.constant(np.ones(3, np.uint8), "INT4", (2, 3), scales=[1.0]), "tensor", "split"),
        (lambda writer: writer.constant(np.ones(4, np.uint8), "INT4", (2, 4), scales=[1.0]), "tensor", "dense"),
        (
            lambda writer: writer.constant(
                np.ones(4, np.uint8), "INT4", (2, 4), blocks=(writer.constant(np.ones((2, 2), np.float16)), 2)
            ),
            "block2",
            "dense",
        ),
    ],
)
def test_granularity_and_layout(make: "Callable[[GraphWriter], int]", granularity: str, layout: str) -> None:
    columns = 3 if layout == "split" else 4
    (found,) = uses(dense_on(make, columns=columns))
    assert (found.granularity, found.layout) == (granularity, layout)


def test_a_zero_point_is_told() -> None:
    def weights(writer: GraphWriter) -> int:
        index = writer.constant(np.ones((2, 4), np.int8), scales=[1.0])
        writer.subgraph.tensors[index].quantization.zeroPoint = np.array([3])
        return index

    assert [one.granularity for one in uses(dense_on(weights))] == ["tensor shifted"]


def test_what_densify_makes_is_told_as_weights_of_the_product_behind_it() -> None:
    found = uses(densified(floats(sparse="1x1")).model)
    assert {(one.op, one.layout) for one in found} == {("DENSIFY", "sparse"), ("FULLY_CONNECTED", "densified")}


def test_computed_weights_and_other_constants_are_not_told() -> None:
    writer = GraphWriter()
    given = writer.input("x", (-1, 2))
    added = writer.apply("ADD", [given, writer.constant(np.ones(2, np.float32))], (-1, 2))
    writer.output("y", writer.apply("FULLY_CONNECTED", [added, given, -1], (-1, 1)))
    assert uses(writer.pack()) == []


@pytest.mark.parametrize(
    "weights",
    [
        integers("INT4", "tensor"),
        integers("INT8", "tensor", sparse="1x16"),
        integers("INT8", "block", block=32),
    ],
    ids=["small", "sparse", "blockwise"],
)
def test_unusual_storage_is_told_wherever_it_is_read(weights: Weights) -> None:
    writer = GraphWriter()
    given = writer.input("x", (-1, COLUMNS), weights.dtype)
    writer.output("y", writer.apply("ADD", [given, weights.tensor(writer)], (-1, COLUMNS), weights.dtype))
    assert [(one.op, one.dtype) for one in uses(writer.pack())] == [("ADD", weights.dtype)]


def test_the_blocks_of_sparse_weights_are_told() -> None:
    found = [
        use for sparse in ("1x1", "1x16") for use in uses(fully_connected(integers("INT8", "row", sparse=sparse)).model)
    ]
    assert [one.layout for one in found] == ["sparse", "sparse 16"]


@pytest.mark.parametrize("bias", [True, False])
def test_a_bias_is_told(bias: bool) -> None:
    assert [one.bias for one in uses(fully_connected(integers("INT8", "tensor"), bias=bias).model)] == [bias]


@pytest.mark.parametrize(("told", "reads"), [("INT64", "INT16"), ("", "INT16 without quantized_bias_type")])
def test_int16_is_told_with_and_without_the_type_of_its_bias(told: str, reads: str) -> None:
    assert [one.reads for one in uses(in_integers(integers("INT8", "tensor"), "INT16", told=told).model)] == [reads]
