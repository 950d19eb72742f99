import re
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as generated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters import schema, tflite_file
from converters.errors import TfliteError

SMALL_BYTES = 8192
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
SMALL = sorted(path for path in FIXTURES.glob("*.tflite") if path.stat().st_size < SMALL_BYTES)
ALL = sorted(FIXTURES.glob("*.tflite"))


def numbers(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def snake(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def text(value: bytes | None) -> str:
    return (value or b"").decode()


def listed(value: Any) -> list[Any]:
    return [] if value is None else [item.item() if isinstance(item, np.generic) else item for item in value]


# --- every field, beside the generated reader's ---


def test_every_field_is_what_the_generated_reader_says(fixture_name: str, fixture_bytes: bytes) -> None:
    ours = tflite_file.parse(fixture_bytes, fixture_name)
    theirs = generated.ModelT.InitFromObj(generated.Model.GetRootAs(fixture_bytes, 0))
    assert (ours.version, ours.description) == (theirs.version, text(theirs.description))
    buffers = [bytes(ours.data[start:end]) for start, end in ours.spans]
    assert buffers == [bytes(listed(buffer.data)) for buffer in theirs.buffers]
    assert dict(ours.metadata) == {text(each.name): each.buffer for each in theirs.metadata or ()}
    operators = numbers(generated.BuiltinOperator)
    for code, expected in zip(ours.operator_codes, theirs.operatorCodes, strict=True):
        assert code.name == (text(expected.customCode) or operators[expected.builtinCode])
        assert (code.version, code.custom) == (expected.version, expected.customCode is not None)
    for graph, expected in zip(ours.subgraphs, theirs.subgraphs, strict=True):
        assert graph.name == text(expected.name)
        assert (list(graph.inputs), list(graph.outputs)) == (listed(expected.inputs), listed(expected.outputs))
        compare_tensors(graph, expected)
        compare_operators(ours, graph, expected)
    for signature, expected in zip(ours.signatures, theirs.signatureDefs or (), strict=True):
        assert (signature.key, signature.subgraph) == (text(expected.signatureKey), expected.subgraphIndex)
        assert dict(signature.inputs) == {text(each.name): each.tensorIndex for each in expected.inputs}
        assert dict(signature.outputs) == {text(each.name): each.tensorIndex for each in expected.outputs}


def compare_tensors(graph: tflite_file.Subgraph, theirs: Any) -> None:
    types = numbers(generated.TensorType)
    for index, (tensor, expected) in enumerate(zip(graph.tensors, theirs.tensors, strict=True)):
        assert (tensor.index, tensor.name, tensor.dtype) == (index, text(expected.name), types[expected.type])
        assert list(tensor.shape) == listed(expected.shape)
        assert list(tensor.shape_signature) == (listed(expected.shapeSignature) or listed(expected.shape))
        assert (tensor.buffer, tensor.variable) == (expected.buffer, expected.isVariable)
        assert tensor.sparse == (expected.sparsity is not None)
        scales = listed(expected.quantization.scale) if expected.quantization else []
        assert (tensor.quantization is not None) == bool(scales)
        if tensor.quantization:
            assert list(tensor.quantization.scales) == scales
            assert list(tensor.quantization.zero_points) == listed(expected.quantization.zeroPoint)
            assert tensor.quantization.axis == expected.quantization.quantizedDimension


def compare_operators(ours: tflite_file.TfliteFile, graph: tflite_file.Subgraph, theirs: Any) -> None:
    for operator, expected in zip(graph.operators, theirs.operators, strict=True):
        code = ours.operator_codes[expected.opcodeIndex]
        assert (operator.name, operator.version, operator.custom) == (code.name, code.version, code.custom)
        assert (list(operator.inputs), list(operator.outputs)) == (listed(expected.inputs), listed(expected.outputs))
        if expected.builtinOptions is not None:
            fields = {snake(name): value for name, value in vars(expected.builtinOptions).items()}
            for name, value in operator.options.items():
                assert value == (tuple(listed(fields[name])) if isinstance(value, tuple) else fields[name])


def test_the_names_of_types_operators_and_activations_are_the_schemas() -> None:
    for ours, theirs in (
        (schema.TENSOR_TYPES, generated.TensorType),
        (schema.OPERATORS, generated.BuiltinOperator),
        (schema.ACTIVATIONS, generated.ActivationFunctionType),
    ):
        assert dict(enumerate(ours)) == numbers(theirs)


def test_the_option_layouts_are_the_schemas() -> None:
    unions = numbers(generated.BuiltinOptions)
    for layout in schema.OPTIONS.values():
        fields = [snake(name) for name in vars(getattr(generated, unions[layout.number] + "T")())]
        assert [name for name, _ in layout.fields] == fields[: len(layout.fields)]


def test_options_of_every_operator_are_decoded(maker: ModuleType) -> None:
    """Write each field with a value that is not its default, and read it back."""
    unions = numbers(generated.BuiltinOptions)
    values: dict[str, Any] = {"activation": 3, "?": True, "b": 5, "i": -7, "f": 0.5, "integers": [4, -1]}
    for name, layout in schema.OPTIONS.items():
        table = unions[layout.number]
        spelled = list(vars(getattr(generated, table + "T")()))
        builder = maker.Builder()
        graph = builder.graph()
        fields = {spelled[slot]: values[kind] for slot, (_, kind) in enumerate(layout.fields)}
        graph.op(name, [], [], options=table, **fields)
        (operator,) = tflite_file.parse(builder.pack()).subgraphs[0].operators
        expected = {field: values[kind] for field, kind in layout.fields}
        assert operator.options == {field: tuple(v) if isinstance(v, list) else v for field, v in expected.items()}


def test_options_of_another_operators_table_are_defaults(maker: ModuleType) -> None:
    builder = maker.Builder()
    builder.graph().op("SOFTMAX", [], [], options="GatherOptions", axis=1)
    (operator,) = tflite_file.parse(builder.pack()).subgraphs[0].operators
    assert operator.options == {"beta": 0.0}


# --- what a file may hold ---


def test_the_claimed_runtime_is_read_from_the_metadata(load: Callable[[str], bytes]) -> None:
    assert tflite_file.parse(load("history_float32")).min_runtime_version == "1.6.0"
    assert tflite_file.parse(load("history_hybrid")).min_runtime_version is None


def test_a_constant_is_a_view_of_the_file(load: Callable[[str], bytes]) -> None:
    data = load("history_float32")
    file = tflite_file.parse(data)
    table = next(tensor for tensor in file.subgraphs[0].tensors if tensor.name == "table")
    assert file.constant(table).obj is data
    assert len(file.constant(table)) == table.dense_bytes == 31 * 8 * 4


def test_buffers_outside_the_flatbuffer_are_found_and_checked(maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    graph.tensor("outside", (3,), buffer=builder.buffer(b""), batch=False)
    outside = builder.model.buffers[1]
    outside.data, outside.offset, outside.size = None, 2**20, 12
    length = len(builder.pack())
    outside.offset = length
    data = builder.pack() + np.arange(3, dtype=np.float32).tobytes()
    file = tflite_file.parse(data)
    assert bytes(file.constant(file.subgraphs[0].tensors[0])) == data[length:]
    for cut in range(1, 12):
        with pytest.raises(TfliteError, match="the data of buffer 1: got bytes"):
            tflite_file.parse(data[:-cut])


def test_bytes_behind_the_model_are_left_alone(load: Callable[[str], bytes]) -> None:
    """Associated files are zipped onto the end of a .tflite file."""
    appendix = b"PK\x03\x04" + bytes(30) + b"!"
    assert tflite_file.parse(load("history_float32") + appendix).subgraphs


def test_sub_byte_types_are_packed_in_their_size() -> None:
    tensor = tflite_file.Tensor(0, "t", (3, 3), (3, 3), "INT4", 0, None, sparse=False, variable=False)
    assert tensor.dense_bytes == 5


# --- what is refused ---


def broken(maker: ModuleType, change: Callable[[Any], None]) -> bytes:
    """Return the small float32 model after `change` to its object form."""
    model = generated.ModelT.InitFromObj(generated.Model.GetRootAs(maker.history_float32(), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def setting(path: str, value: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        *steps, last = path.split(".")
        for step in steps:
            model = model[int(step)] if step.isdigit() else getattr(model, step)
        if last.isdigit():
            model[int(last)] = value
        else:
            setattr(model, last, value)

    return change


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("version", 2, "the schema version of the model: got 2, expected 3"),
        ("subgraphs", [], "the subgraphs of the model: got none"),
        (
            "operatorCodes.0.builtinCode",
            210,
            "the operator of operator code 0: got 210, expected a number from 0 to 209",
        ),
        ("subgraphs.0.tensors.0.type", 23, "the type of tensor 0 of subgraph 0: got 23"),
        ("subgraphs.0.tensors.0.type", -1, "the type of tensor 0 of subgraph 0: got -1"),
        ("subgraphs.0.tensors.0.buffer", 99, "the buffer of tensor 0 of subgraph 0: got 99"),
        ("subgraphs.0.tensors.0.shape", [31, -8], "the shape of tensor 0 of subgraph 0: got [31, -8]"),
        ("subgraphs.0.tensors.0.shape", [1] * 33, "got 33 entries, expected at most 32"),
        ("subgraphs.0.tensors.0.shape", [31, 9], "got 992 bytes, expected 1116 for FLOAT32 [31, 9]"),
        ("subgraphs.0.tensors.1.shapeSignature", [-1], "got 1 axes, expected 2 as in the shape"),
        ("subgraphs.0.tensors.1.shapeSignature", [-2, 5], "got [-2, 5], expected sizes of at least -1"),
        ("subgraphs.0.operators.0.opcodeIndex", 3, "the operator code of operator 0 of subgraph 0: got 3"),
        ("subgraphs.0.operators.0.inputs", [0, 99], "an input of operator 0 of subgraph 0: got 99"),
        ("subgraphs.0.operators.0.inputs", [0, -2], "an input of operator 0 of subgraph 0: got -2"),
        ("subgraphs.0.operators.0.outputs", [2**31 - 1], "an output of operator 0 of subgraph 0: got 2147483647"),
        ("subgraphs.0.operators.2.builtinOptions.fusedActivationFunction", 6, "the activation of the options of"),
        ("subgraphs.0.inputs", [-1], "an input of subgraph 0: got -1"),
        ("subgraphs.0.outputs", [77], "an output of subgraph 0: got 77"),
        ("signatureDefs.0.subgraphIndex", 1, "the subgraph of signature 0: got 1"),
        ("signatureDefs.0.inputs.0.tensorIndex", 50, "the tensor of input 0 of signature 0: got 50"),
        ("metadata.0.buffer", 50, "the buffer of metadata entry 0: got 50"),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_sentence(maker: ModuleType, path: str, value: Any, says: str) -> None:
    with pytest.raises(TfliteError) as caught:
        tflite_file.parse(broken(maker, setting(path, value)), "model.tflite")
    message = str(caught.value)
    assert message.startswith("model.tflite: not a TFLite file: ")
    assert says in message
    assert "\n" not in message
    assert len(message) < 250


def test_scales_that_do_not_fit_the_shape_are_refused(maker: ModuleType) -> None:
    builder = maker.Builder()
    builder.graph().constant("table", np.zeros((3, 2), np.int8), scales=(1.0, 1.0))
    with pytest.raises(TfliteError, match=r"got 2 along axis 0, expected the size of an axis of \[3, 2\]"):
        tflite_file.parse(builder.pack())


def test_a_custom_operator_without_a_name_is_refused(maker: ModuleType) -> None:
    builder = maker.Builder()
    builder.graph().op("", [], [], custom=True)
    with pytest.raises(TfliteError, match="the custom code of operator code 0: got no name"):
        tflite_file.parse(builder.pack())


def test_a_name_used_twice_in_a_signature_is_refused(maker: ModuleType) -> None:
    def twice(model: Any) -> None:
        model.signatureDefs[0].inputs *= 2

    with pytest.raises(TfliteError, match="got 'history', expected a name that is used once"):
        tflite_file.parse(broken(maker, twice))


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_every_prefix_of_a_small_file_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for size in range(len(data)):
        with pytest.raises(TfliteError):
            tflite_file.parse(data[:size], path.name)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_file_that_lost_its_last_bytes_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for cut in (*range(1, 40), *range(41, len(data), 997)):
        with pytest.raises(TfliteError):
            tflite_file.parse(data[:-cut], path.name)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"not a model, whatever it says", bytes(64), b"\x1c\0\0\0TFL3", b"PK\x03\x04" * 9]
)
def test_files_of_another_kind_are_refused(data: bytes) -> None:
    with pytest.raises(TfliteError, match=r"^model: not a TFLite file: "):
        tflite_file.parse(data)


def test_reading_maps_the_file_and_names_it(tmp_path: Path, load: Callable[[str], bytes]) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(load("history_float32"))
    assert tflite_file.read(path).name == "m.tflite"
    path.write_bytes(b"")
    with pytest.raises(TfliteError, match=r"^m\.tflite: not a TFLite file: got an empty file"):
        tflite_file.read(path)
    with pytest.raises(TfliteError, match="cannot be read: No such file"):
        tflite_file.read(tmp_path / "absent.tflite")
    with pytest.raises(TfliteError, match="cannot be read"):
        tflite_file.read(tmp_path)


# --- hostile files: only TfliteError may come out ---


def read_whole(data: bytes) -> None:
    """Parse and touch all that a command would; any exception but TfliteError fails the test."""
    from converters import anatomy, signature_limits

    try:
        file = tflite_file.parse(data)
    except TfliteError:
        return
    found = anatomy.anatomy(file)
    assert found.graph_bytes >= 0
    signature_limits.free_axes(file)
    signature_limits.id_limits(file)
    _ = file.min_runtime_version, [bytes(file.data[start:end]) for start, end in file.spans]


relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
files = st.sampled_from([path.read_bytes() for path in ALL])


@relaxed
@given(data=files, changes=st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes(data: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(data)
    for position, value in changes:
        changed[position % len(changed)] = value
    read_whole(bytes(changed))


@relaxed
@given(
    data=files,
    position=st.integers(0, 2**20),
    value=st.sampled_from([0, 1, 2, 3, 4, 0x7F, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 4]),
)
def test_a_word_replaced(data: bytes, position: int, value: int) -> None:
    position = position % (len(data) // 4) * 4
    read_whole(data[:position] + struct.pack("<I", value) + data[position + 4 :])


@relaxed
@given(data=files, first=st.integers(0, 2**20), second=st.integers(0, 2**20))
def test_a_piece_cut_out(data: bytes, first: int, second: int) -> None:
    start, end = sorted((first % len(data), second % len(data)))
    read_whole(data[:start] + data[end:])


@relaxed
@given(data=files, other=files, cut=st.integers(0, 2**20), join=st.integers(0, 2**20))
def test_two_files_spliced(data: bytes, other: bytes, cut: int, join: int) -> None:
    read_whole(data[: cut % len(data)] + other[join % len(other) :])


@relaxed
@given(tail=st.binary(max_size=300))
def test_noise_behind_the_identifier(tail: bytes) -> None:
    read_whole(b"\x08\0\0\0TFL3" + tail)


@pytest.mark.slow
def test_every_single_byte_of_a_small_file_flipped(load: Callable[[str], bytes]) -> None:
    data = bytearray(load("history_hybrid"))
    for position in range(len(data)):
        for flip in (0xFF, 0x01):
            data[position] ^= flip
            read_whole(bytes(data))
            data[position] ^= flip


def test_a_file_that_repeats_itself_stays_small_in_memory() -> None:
    """Every one of many tensors points at the same long name; the reader gives up instead of copying it for each."""
    file = shared_names()
    tracemalloc.start()
    try:
        with pytest.raises(TfliteError, match="the same bytes used again and again"):
            tflite_file.parse(file)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20 * len(file)


def shared_names() -> bytes:
    """Return a model of 3,000 tensors that share one name of 64 KiB."""
    builder = flatbuffers.Builder(1024)
    name = builder.CreateString("n" * 65_536)
    tensors = []
    for _ in range(3000):
        generated.TensorStart(builder)
        generated.TensorAddName(builder, name)
        tensors.append(generated.TensorEnd(builder))
    generated.SubGraphStartTensorsVector(builder, len(tensors))
    for tensor in tensors:
        builder.PrependUOffsetTRelative(tensor)
    vector = builder.EndVector()
    generated.SubGraphStart(builder)
    generated.SubGraphAddTensors(builder, vector)
    graph = generated.SubGraphEnd(builder)
    generated.BufferStart(builder)
    buffer = generated.BufferEnd(builder)
    parts = []
    for start, part in ((generated.ModelStartSubgraphsVector, graph), (generated.ModelStartBuffersVector, buffer)):
        start(builder, 1)
        builder.PrependUOffsetTRelative(part)
        parts.append(builder.EndVector())
    generated.ModelStart(builder)
    generated.ModelAddVersion(builder, 3)
    generated.ModelAddSubgraphs(builder, parts[0])
    generated.ModelAddBuffers(builder, parts[1])
    builder.Finish(generated.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_the_reader_imports_neither_numpy_nor_flatbuffers() -> None:
    code = (
        "import sys, converters.tflite_file, converters.anatomy\n"
        "print(sorted({'numpy', 'flatbuffers', 'ai_edge_litert', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_fixtures_are_what_their_script_makes(maker: ModuleType, load: Callable[[str], bytes]) -> None:
    for name, make in maker.FIXTURES.items():
        assert make() == load(name), name


@pytest.mark.parametrize("scales", [3, -1, 1 << 20])
def test_a_tensor_of_block_scales_that_there_is_not_is_refused(scales: int) -> None:
    from converters.graph_writer import GraphWriter

    writer = GraphWriter()
    ids = writer.input("ids", (-1,), "INT32")
    table = writer.constant(np.zeros((2, 2), np.uint8), "INT4", (2, 4), blocks=(ids, 2))
    writer.output("rows", writer.apply("EMBEDDING_LOOKUP", [ids, table], (-1, 4), version=4))
    model = writer.pack()
    assert tflite_file.parse(model).subgraphs[0].tensors[table].quantization.scale_tensor == ids
    again = GraphWriter(model)
    again.subgraph.tensors[table].quantization.details.scales = scales
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(again.model.Pack(builder), b"TFL3")
    with pytest.raises(TfliteError, match=rf"the scales in blocks of subgraph 0: got {scales}, expected an index"):
        tflite_file.parse(bytes(builder.Output()))


def overlapping(count: int, size: int) -> bytes:
    """Return a model whose `count` buffers are each a byte longer than the one before, all over the same bytes."""
    builder = flatbuffers.Builder(1024)
    buffers = []
    for number in range(count):
        generated.BufferStart(builder)
        generated.BufferAddOffset(builder, 8)
        generated.BufferAddSize(builder, size - number)
        buffers.append(generated.BufferEnd(builder))
    builder.CreateByteVector(bytes(size))
    tensors = []
    for number in range(count):
        generated.TensorStart(builder)
        generated.TensorAddBuffer(builder, number)
        generated.TensorAddType(builder, generated.TensorType.STRING)
        tensors.append(generated.TensorEnd(builder))
    generated.SubGraphStartTensorsVector(builder, count)
    for tensor in tensors:
        builder.PrependUOffsetTRelative(tensor)
    vector = builder.EndVector()
    generated.SubGraphStart(builder)
    generated.SubGraphAddTensors(builder, vector)
    graph = generated.SubGraphEnd(builder)
    generated.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    generated.ModelStartBuffersVector(builder, count)
    for buffer in buffers:
        builder.PrependUOffsetTRelative(buffer)
    vector = builder.EndVector()
    generated.ModelStart(builder)
    generated.ModelAddVersion(builder, 3)
    generated.ModelAddSubgraphs(builder, graphs)
    generated.ModelAddBuffers(builder, vector)
    builder.Finish(generated.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_buffers_over_the_same_bytes_are_refused_before_anybody_deflates_each() -> None:
    assert tflite_file.parse(overlapping(2, 100_000)).spans
    with pytest.raises(TfliteError, match="the data of the buffers: got the same bytes used again and again"):
        tflite_file.parse(overlapping(300, 100_000))


def test_a_key_of_two_signatures_is_refused(maker: ModuleType) -> None:
    def twice(model: Any) -> None:
        model.signatureDefs *= 2

    with pytest.raises(
        TfliteError, match="the key of signature 1: got 'serving_default', expected a key that is used o"
    ):
        tflite_file.parse(broken(maker, twice))


def test_a_claim_as_long_as_a_file_is_cut(maker: ModuleType) -> None:
    builder = maker.Builder()
    builder.graph()
    builder.metadata("min_runtime_version", b"9" * 10_000)
    assert tflite_file.parse(builder.pack()).min_runtime_version == "9" * 100
