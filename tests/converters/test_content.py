"""The content hash: what leaves it as it is, and that nothing that is computed with does."""

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters.content import content_sha256, data_digests
from converters.errors import TfliteError
from converters.graph_writer import GraphWriter
from converters.rewrite import strip_names
from converters.tflite_file import parse

Load = Callable[[str], bytes]
SLOW_TO_DRAW = settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def content(model: bytes) -> str:
    file = parse(model)
    return content_sha256(file, data_digests(file))


def model_of(model: bytes) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))


def packed(model: Any, *, defaults: bool = False) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.ForceDefaults(defaults)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def edited(model: bytes, change: Callable[[Any], object]) -> bytes:
    found = model_of(model)
    change(found)
    return packed(found)


def test_the_hash_is_the_same_on_every_machine_and_in_every_version(load: Load) -> None:
    """Whoever wrote a hash down compares with it later: a change to the form is another form, with another name."""
    assert content(load("converted_gru_full_int8")) == (
        "f9e0bf6c9b0f0ebd1a8d51b2a639b60417b7e5293cfc33708737d810ef9eba8a"
    )


# --- what does not matter ---


def test_the_layout_and_written_out_defaults_do_not_matter(fixture_bytes: bytes) -> None:
    again = packed(model_of(fixture_bytes), defaults=True)
    assert again != fixture_bytes
    assert content(again) == content(fixture_bytes)


def test_the_graph_writer_and_stripped_names_keep_the_content(fixture_bytes: bytes) -> None:
    if len(model_of(fixture_bytes).subgraphs) == 1:
        assert content(GraphWriter(fixture_bytes).pack()) == content(fixture_bytes)
        assert content(strip_names(fixture_bytes)) == content(fixture_bytes)


@SLOW_TO_DRAW
@given(seed=st.integers(0, 1 << 32))
def test_the_order_of_buffers_and_tensors_names_and_notes_do_not_matter(fixture_bytes: bytes, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 - no secret
    model = model_of(fixture_bytes)
    _shuffle_buffers(model, drawn)
    for graph in model.subgraphs:
        _shuffle_tensors(model, graph, drawn)
        graph.name = f"graph {seed}".encode()
        for tensor in graph.tensors:
            tensor.name = drawn.choice([None, b"x", f"tensor {drawn.random()}".encode()])
    model.description, model.metadata = b"another", []
    drawn.shuffle(model.signatureDefs or [])
    assert content(packed(model)) == content(fixture_bytes)


def _shuffle_buffers(model: Any, drawn: random.Random) -> None:
    """Store each constant in a buffer of its own, equal ones too, and one more that nobody reads; in any order."""
    held = []
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data = model.buffers[tensor.buffer].data
            if data is not None:
                buffer = schema.BufferT()
                buffer.data = np.asarray(data, np.uint8)
                held.append((tensor, buffer))
    unread = schema.BufferT()
    unread.data = np.arange(9, dtype=np.uint8)
    buffers = [unread, *(buffer for _, buffer in held)]
    drawn.shuffle(buffers)
    model.buffers = [schema.BufferT(), *buffers]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = 0
    places = {id(buffer): index for index, buffer in enumerate(model.buffers)}
    for tensor, buffer in held:
        tensor.buffer = places[id(buffer)]


def _shuffle_tensors(model: Any, graph: Any, drawn: random.Random) -> None:
    order = list(range(len(graph.tensors)))
    drawn.shuffle(order)
    graph.tensors = [graph.tensors[old] for old in order]
    new = {-1: -1, **{old: place for place, old in enumerate(order)}}
    for holder in (graph, *graph.operators):
        holder.inputs = [new[int(index)] for index in holder.inputs]
        holder.outputs = [new[int(index)] for index in holder.outputs]
    for signature in model.signatureDefs or ():
        if model.subgraphs[signature.subgraphIndex] is graph:
            for entry in (*signature.inputs, *signature.outputs):
                entry.tensorIndex = new[entry.tensorIndex]
            drawn.shuffle(signature.inputs)


def test_equal_constants_merged_into_one_tensor_are_the_same_content(maker: ModuleType) -> None:
    def model(*, merged: bool) -> bytes:
        builder = maker.Builder()
        graph = builder.graph()
        given, mid, made = (graph.tensor(name, (1, 2)) for name in ("given", "mid", "made"))
        first = graph.constant("first", np.ones((1, 2), np.float32))
        second = first if merged else graph.constant("second", np.ones((1, 2), np.float32))
        graph.op("ADD", [given, first], [mid], options="AddOptions")
        graph.op("ADD", [mid, second], [made], options="AddOptions")
        graph.signature({"given": given}, {"made": made})
        return bytes(builder.pack())

    assert content(model(merged=True)) == content(model(merged=False))


# --- what matters ---


@SLOW_TO_DRAW
@given(drawn=st.data())
def test_one_bit_of_any_weight_matters(fixture_bytes: bytes, drawn: st.DataObject) -> None:
    file = parse(fixture_bytes)
    spans = sorted(data_digests(file))
    if not spans:
        return
    start, end = drawn.draw(st.sampled_from(spans))
    bit = drawn.draw(st.integers(0, 8 * (end - start) - 1))
    changed = bytearray(fixture_bytes)
    changed[start + bit // 8] ^= 1 << bit % 8
    assert content(bytes(changed)) != content(fixture_bytes)


def _swap_operators(model: Any) -> None:
    operators = model.subgraphs[0].operators
    operators[1], operators[2] = operators[2], operators[1]


def _steps(model: Any) -> Any:
    return next(one.quantization for one in model.subgraphs[0].tensors if one.name == b"table")


CHANGES: dict[str, Callable[[Any], object]] = {
    "the version of an op": lambda model: setattr(model.operatorCodes[-1], "version", 7),
    "an op": lambda model: setattr(model.operatorCodes[1], "builtinCode", schema.BuiltinOperator.QUANTIZE),
    "an option": lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, "batchDims", 1),
    "an option that no reference of ours reads": lambda model: setattr(
        model.subgraphs[0].operators[-1].builtinOptions, "quantizedBiasType", 9
    ),
    "the order of ops": _swap_operators,
    "an input of an op": lambda model: setattr(model.subgraphs[0].operators[-1], "inputs", [0, 1, -1]),
    "a scale": lambda model: setattr(_steps(model), "scale", np.array([0.5], np.float32)),
    "a zero point": lambda model: setattr(_steps(model), "zeroPoint", np.array([1])),
    "a free axis": lambda model: setattr(model.subgraphs[0].tensors[0], "shapeSignature", np.array([-1, -1], np.int32)),
    "a variable": lambda model: setattr(model.subgraphs[0].tensors[0], "isVariable", True),
    "the key of a signature": lambda model: setattr(model.signatureDefs[0], "signatureKey", b"other"),
    "the name of an input": lambda model: setattr(model.signatureDefs[0].inputs[0], "name", b"other"),
    "the inputs of the graph": lambda model: setattr(model.subgraphs[0], "inputs", []),
}


@pytest.mark.parametrize("what", CHANGES)
def test_it_matters(what: str, load: Load) -> None:
    model = load("history_hybrid")
    changed = edited(model, CHANGES[what])
    assert content(changed) != content(model)


def test_scales_in_blocks_sparsity_and_custom_options_matter(load: Load) -> None:
    writer = GraphWriter()
    ids = writer.input("ids", (-1,), "INT32")
    scales = writer.constant(np.ones((2, 2), np.float16))
    table = writer.constant(np.zeros((2, 2), np.uint8), "INT4", (2, 4), blocks=(scales, 2))
    writer.output("rows", writer.apply("EMBEDDING_LOOKUP", [ids, table], (-1, 4), version=4))
    blocks = writer.pack()
    index = next(i for i, one in enumerate(model_of(blocks).subgraphs[0].tensors) if one.quantization is not None)

    def other_scale(model: Any) -> None:
        held = model.subgraphs[0].tensors[model.subgraphs[0].tensors[index].quantization.details.scales]
        model.buffers[held.buffer].data = np.asarray(model.buffers[held.buffer].data, np.uint8) ^ 1

    assert content(edited(blocks, other_scale)) != content(blocks)

    def sparse(model: Any, order: tuple[int, ...] = (0, 1)) -> None:
        made = schema.SparsityParametersT()
        made.traversalOrder, made.dimMetadata = np.array(order, np.int32), []
        for kind in (schema.DimensionType.DENSE, schema.DimensionType.SPARSE_CSR):
            axis = schema.DimensionMetadataT()
            axis.format, axis.denseSize = kind, 8
            axis.arraySegmentsType, axis.arraySegments = 3, schema.Uint8VectorT()
            axis.arraySegments.values = np.array([0, 4], np.uint8)
            made.dimMetadata.append(axis)
        model.subgraphs[0].tensors[1].sparsity = made

    dense = load("history_float32")
    found = [dense, edited(dense, sparse), edited(dense, lambda model: sparse(model, (1, 0)))]

    def other_segments(model: Any) -> None:
        sparse(model)
        model.subgraphs[0].tensors[1].sparsity.dimMetadata[1].arraySegments.values[0] = 1

    assert len({*map(content, [*found, edited(dense, other_segments)])}) == 4

    custom = load("unknown_op")
    option = edited(custom, lambda model: setattr(model.subgraphs[0].operators[0], "customOptions", [1, 2]))
    assert content(option) != content(custom)


def test_tensors_that_overlap_are_refused_before_they_are_read_again_and_again(maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    for size in range(500, 520):
        graph.tensor("", (size,), "UINT8", buffer=builder.buffer(b""), batch=False)
        builder.model.buffers[-1].offset, builder.model.buffers[-1].size = 16, size
    with pytest.raises(TfliteError, match="overlap"):
        data_digests(parse(builder.pack()))
