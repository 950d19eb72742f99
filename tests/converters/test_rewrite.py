"""The rewrites on files that TensorFlow's converter wrote, in NumPy and in both device runtimes."""

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from converters import tflite_file, values
from converters.anatomy import anatomy
from converters.errors import ConversionFailed
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.rewrite import LEAST_ELEMENTS, quantize_float_weights, score_in_float, strip_names

Load = Callable[[str], bytes]
InRuntimes = Callable[[bytes, dict[str, Any]], dict[str, np.ndarray]]

LENGTH, ITEMS = 5, 70  # of the converted fixtures
KINDS = ("gru", "attention")


@pytest.fixture(scope="module")
def histories() -> dict[str, np.ndarray]:
    return {"history": np.random.default_rng(0).integers(0, ITEMS + 1, (64, LENGTH), dtype=np.int32)}


def reference(model: bytes, inputs: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(run(tflite_file.parse(model), inputs, "serving_default")["scores"])


def relative(scores: np.ndarray, other: np.ndarray) -> float:
    """Give the largest difference as a share of each user's own range of scores."""
    spans = np.ptp(other, axis=1, keepdims=True)
    return float((np.abs(scores - other) / spans).max())


def edited(model: bytes, change: Callable[[Any], None]) -> bytes:
    """Change a model through the schema's objects."""
    made = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    change(made)
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("kind", KINDS)
def test_float_weights_become_int8_as_the_converter_would_make_them(load: Load, kind: str) -> None:
    ours = tflite_file.parse(quantize_float_weights(load(f"converted_{kind}_float32")))
    theirs = tflite_file.parse(load(f"converted_{kind}_dynamic_int8"))

    def quantized(file: tflite_file.TfliteFile) -> dict[tuple[int, ...], np.ndarray]:
        found = [
            tensor for tensor in file.subgraphs[0].tensors if tensor.dtype == "INT8" and len(file.constant(tensor))
        ]
        return {tensor.shape: values.decode(file, tensor) for tensor in found if tensor.elements >= LEAST_ELEMENTS}

    made, expected = quantized(ours), quantized(theirs)
    assert set(made) == set(expected) >= {(ITEMS + 1, 16), (ITEMS, 16)}
    for shape, weights in made.items():
        assert np.abs(weights - expected[shape]).max() <= 0.51 * np.abs(weights).max() / 127
    wide = [tensor for tensor in ours.subgraphs[0].tensors if tensor.dtype == "FLOAT32" and len(tensor.shape) == 2]
    assert all(tensor.elements < LEAST_ELEMENTS for tensor in wide if len(ours.constant(tensor)))


def test_weights_that_are_left_stay_as_they_are(load: Load) -> None:
    model = load("converted_gru_float32")
    before = tflite_file.parse(model).subgraphs[0].tensors
    left = next(place for place, tensor in enumerate(before) if tensor.shape == (ITEMS, 16))
    after = tflite_file.parse(quantize_float_weights(model, leaving=[left])).subgraphs[0].tensors
    dtypes = {tensor.shape: tensor.dtype for tensor in after if len(tensor.shape) == 2}
    assert (dtypes[ITEMS, 16], dtypes[ITEMS + 1, 16]) == ("FLOAT32", "INT8")


@pytest.mark.parametrize("kind", KINDS)
def test_the_versions_written_are_what_old_runtimes_know(load: Load, kind: str) -> None:
    rewritten = tflite_file.parse(quantize_float_weights(load(f"converted_{kind}_float32")))
    found = anatomy(rewritten)
    assert {op for op in found.ops if op[0] in {"FULLY_CONNECTED", "GATHER", "DEQUANTIZE"}} <= {
        ("FULLY_CONNECTED", 1),
        ("FULLY_CONNECTED", 9),
        ("GATHER", 1),
        ("GATHER", 2),
        ("DEQUANTIZE", 2),
    }
    assert {("FULLY_CONNECTED", 9), ("GATHER", 2), ("DEQUANTIZE", 2)} <= set(found.ops)
    assert found.oldest_runtime == rewritten.min_runtime_version == "2.3.0"
    assert {(code.name, code.version) for code in rewritten.operator_codes} == set(found.ops)


@pytest.mark.parametrize("kind", KINDS)
def test_quantized_weights_answer_alike_in_numpy_and_in_both_runtimes(
    load: Load, histories: dict[str, np.ndarray], in_runtimes: InRuntimes, kind: str
) -> None:
    model = load(f"converted_{kind}_float32")
    rewritten = quantize_float_weights(model)
    expected = reference(rewritten, histories)
    assert relative(expected, reference(model, histories)) < 0.05
    for runtime, scores in in_runtimes(rewritten, histories).items():
        assert relative(scores, expected) < 0.01, runtime


def test_bytes_that_nothing_reads_any_more_are_gone(load: Load) -> None:
    model = load("converted_gru_float32")
    rewritten = quantize_float_weights(model)
    file = tflite_file.parse(rewritten)
    used = {tensor.buffer for tensor in file.subgraphs[0].tensors} | set(file.metadata.values())
    assert all(start == end for index, (start, end) in enumerate(file.spans) if index not in used)
    saved = 3 * (71 * 16 + 70 * 16)
    assert len(GraphWriter(model).pack()) - len(rewritten) == pytest.approx(saved, abs=600)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_full_int8_are_float_and_many(
    load: Load, histories: dict[str, np.ndarray], in_runtimes: InRuntimes, kind: str
) -> None:
    model = load(f"converted_{kind}_full_int8")
    rewritten = score_in_float(model)
    before, after = reference(model, histories), reference(rewritten, histories)
    assert len(np.unique(before)) <= 256
    assert len(np.unique(after)) > 0.9 * after.size
    assert relative(after, before) < 0.05
    for runtime, scores in in_runtimes(rewritten, histories).items():
        assert len(np.unique(scores)) > 0.9 * scores.size, runtime
        assert relative(scores, after) < 0.05, runtime


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_layer_is_hybrid_with_a_float_bias_and_a_free_batch(load: Load, kind: str) -> None:
    file = tflite_file.parse(score_in_float(load(f"converted_{kind}_full_int8")))
    graph = file.subgraphs[0]
    *_, widened, last = graph.operators
    tensors = [graph.tensors[index] for index in (*last.inputs, *last.outputs)]
    assert (widened.name, widened.version, last.name, last.version) == ("DEQUANTIZE", 2, "FULLY_CONNECTED", 9)
    assert [tensor.dtype for tensor in tensors] == ["FLOAT32", "INT8", "FLOAT32", "FLOAT32"]
    assert (tensors[-1].shape, tensors[-1].shape_signature) == ((1, ITEMS), (-1, ITEMS))
    assert last.outputs[0] == file.signatures[0].outputs["scores"]
    assert last.options["asymmetric_quantize_inputs"] is True
    assert file.min_runtime_version == anatomy(file).oldest_runtime


def test_both_rewrites_one_after_the_other_change_nothing_that_is_int8_already(
    load: Load, histories: dict[str, np.ndarray]
) -> None:
    once = score_in_float(load("converted_gru_full_int8"))
    twice = quantize_float_weights(once)
    assert np.array_equal(reference(once, histories), reference(twice, histories))
    assert len(twice) == len(once)


def test_rewriting_the_same_file_gives_the_same_bytes(load: Load) -> None:
    for rewrite, name in ((quantize_float_weights, "gru_float32"), (score_in_float, "gru_full_int8")):
        assert rewrite(load(f"converted_{name}")) == rewrite(load(f"converted_{name}"))


def with_bias(made: Any, values: np.ndarray, *, shared: bool) -> None:
    """Give the scoring layer of a full int8 model an int32 bias, and a second layer that reads it if it is shared."""
    graph = made.subgraphs[0]
    dense = graph.operators[-2]
    buffer, bias = schema.BufferT(), schema.TensorT()
    buffer.data = values.view(np.uint8)
    made.buffers.append(buffer)
    bias.name, bias.shape, bias.type, bias.buffer = (
        b"bias",
        [len(values)],
        schema.TensorType.INT32,
        len(made.buffers) - 1,
    )
    bias.quantization = schema.QuantizationParametersT()
    bias.quantization.scale = [graph.tensors[i].quantization.scale[0] for i in dense.inputs[:2]]
    bias.quantization.scale, bias.quantization.zeroPoint = [float(np.prod(bias.quantization.scale))], [0]
    graph.tensors.append(bias)
    dense.inputs = [*dense.inputs[:2], len(graph.tensors) - 1]
    if shared:
        second, output = schema.OperatorT(), schema.TensorT()
        vars(second).update(vars(dense))
        vars(output).update(vars(graph.tensors[dense.outputs[0]]))
        graph.tensors.append(output)
        second.outputs = [len(graph.tensors) - 1]
        graph.operators.insert(len(graph.operators) - 2, second)


@pytest.mark.parametrize("shared", [False, True], ids=["its own", "shared with another layer"])
def test_a_bias_becomes_float_for_the_scoring_layer_and_for_no_other(
    load: Load, histories: dict[str, np.ndarray], in_runtimes: InRuntimes, *, shared: bool
) -> None:
    model = load("converted_gru_full_int8")
    bias = np.random.default_rng(1).integers(-3000, 3000, ITEMS).astype(np.int32)
    rewritten = score_in_float(edited(model, lambda made: with_bias(made, bias, shared=shared)))
    file = tflite_file.parse(rewritten)
    layers = [one for one in file.subgraphs[0].operators if one.name == "FULLY_CONNECTED" and one.inputs[2] >= 0]
    kinds = [file.subgraphs[0].tensors[one.inputs[2]].dtype for one in layers]
    assert kinds == (["INT32", "FLOAT32"] if shared else ["FLOAT32"])
    graph = tflite_file.parse(model).subgraphs[0]
    scales = [graph.tensors[index].quantization for index in graph.operators[-2].inputs[:2]]
    step = np.prod([scale.scales[0] for scale in scales if scale is not None])
    expected = reference(score_in_float(model), histories) + bias * step
    assert np.allclose(reference(rewritten, histories), expected, rtol=1e-5, atol=1e-5)
    for runtime, scores in in_runtimes(rewritten, histories).items():
        assert relative(scores, expected) < 0.05, runtime


def tied(history: int = LENGTH, *, two_tensors: bool) -> bytes:
    """Write a model that embeds a history and scores the catalogue with one table: one tensor, or two of one buffer.

    GATHER of the rows -> MEAN over the history -> FULLY_CONNECTED with the same rows.
    """
    table = np.random.default_rng(3).normal(size=(80, 16)).astype(np.float32)
    names = ("history", "table", "rows", "axis", "mean", "table again", "scores")
    shapes = ([1, history], [80, 16], [1, history, 16], [1], [1, 16], [80, 16], [1, 80])
    made, graph = schema.ModelT(), schema.SubGraphT()
    made.version, made.description, made.subgraphs = 3, b"tied", [graph]
    made.buffers = [schema.BufferT() for _ in range(3)]
    made.buffers[1].data = table.view(np.uint8).ravel()
    made.buffers[2].data = np.array([1], np.int32).view(np.uint8)
    graph.name, graph.tensors, graph.inputs, graph.outputs = b"main", [], [0], [6]
    for index, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name.encode(), shape, {1: 1, 5: 1, 3: 2}.get(index, 0)
        tensor.type = schema.TensorType.INT32 if name in {"history", "axis"} else schema.TensorType.FLOAT32
        if not tensor.buffer:
            tensor.shapeSignature = [-1, *shape[1:]]
        graph.tensors.append(tensor)
    ops = schema.BuiltinOperator
    steps = (
        (ops.GATHER, [1, 0], 2, schema.GatherOptionsT()),
        (ops.MEAN, [2, 3], 4, schema.ReducerOptionsT()),
        (ops.FULLY_CONNECTED, [4, 5 if two_tensors else 1, -1], 6, schema.FullyConnectedOptionsT()),
    )
    graph.operators, made.operatorCodes = [], []
    for number, (builtin, inputs, output, options) in enumerate(steps):
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, builtin, 1
        made.operatorCodes.append(code)
        operator.opcodeIndex, operator.inputs, operator.outputs = number, inputs, [output]
        operator.builtinOptions = options
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        graph.operators.append(operator)
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex, signature.inputs, signature.outputs = b"serving_default", 0, [], []
    for part, name, index in ((signature.inputs, "history", 0), (signature.outputs, "scores", 6)):
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), index
        part.append(entry)
    made.signatureDefs = [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("two_tensors", [False, True], ids=["one tensor", "two tensors of one buffer"])
def test_a_table_that_is_looked_up_and_scored_with_is_stored_once(
    in_runtimes: InRuntimes, *, two_tensors: bool
) -> None:
    model = tied(two_tensors=two_tensors)
    rewritten = quantize_float_weights(model)
    inputs = {"history": np.random.default_rng(0).integers(0, 80, (32, LENGTH), dtype=np.int32)}
    expected = reference(rewritten, inputs)
    assert relative(expected, reference(model, inputs)) < 0.02
    for runtime, scores in in_runtimes(rewritten, inputs).items():
        assert relative(scores, expected) < 0.01, runtime
    assert len(model) - len(rewritten) > 3 * 80 * 16 - 400
    stored = [size for size in anatomy(tflite_file.parse(rewritten)).tensors if size.bytes == 80 * 16]
    assert len(stored) == 1


@pytest.mark.parametrize("name", ["history_float32", "history_hybrid", "converted_gru_float32"])
def test_scores_that_do_not_leave_through_dequantize_are_refused(load: Load, name: str) -> None:
    with pytest.raises(ConversionFailed, match="expected the scores to leave through DEQUANTIZE, got"):
        score_in_float(load(name))


def test_scores_from_anything_but_a_dense_layer_are_refused(load: Load) -> None:
    def skip_the_dense_layer(made: Any) -> None:
        graph = made.subgraphs[0]
        graph.operators[-1].inputs = [graph.operators[-2].inputs[0]]
        del graph.operators[-2]

    model = edited(load("converted_gru_full_int8"), skip_the_dense_layer)
    with pytest.raises(ConversionFailed, match="the scores come from ADD and not from a dense layer; use dynamic_int8"):
        score_in_float(model)


def test_a_scale_for_every_row_is_refused(load: Load) -> None:
    def per_row(made: Any) -> None:
        graph = made.subgraphs[0]
        quantization = graph.tensors[graph.operators[-2].inputs[1]].quantization
        quantization.scale, quantization.zeroPoint = [0.1] * ITEMS, [0] * ITEMS

    with pytest.raises(ConversionFailed, match=r"int8 weights of one scale .* got 70 scales and 1 readers"):
        score_in_float(edited(load("converted_gru_full_int8"), per_row))


def test_two_subgraphs_are_refused(load: Load) -> None:
    with pytest.raises(ConversionFailed, match="expected one subgraph, got 2; convert one signature"):
        quantize_float_weights(load("two_signatures"))


def test_a_table_of_zeros_gets_a_scale_that_is_no_zero(load: Load, histories: dict[str, np.ndarray]) -> None:
    def blank(made: Any) -> None:
        for tensor in made.subgraphs[0].tensors:
            if list(tensor.shape) == [ITEMS + 1, 16]:
                made.buffers[tensor.buffer].data = np.zeros((ITEMS + 1) * 16, np.float32).view(np.uint8)

    rewritten = quantize_float_weights(edited(load("converted_gru_float32"), blank))
    assert np.isfinite(reference(rewritten, histories)).all()


@pytest.mark.parametrize("name", ["gru_float32", "gru_full_int8", "attention_dynamic_int8"])
def test_a_model_without_names_answers_as_before(
    load: Load, histories: dict[str, np.ndarray], in_runtimes: InRuntimes, name: str
) -> None:
    model = load(f"converted_{name}")
    stripped = strip_names(model)
    before, after = tflite_file.parse(model), tflite_file.parse(stripped)
    sizes = [len(after.constant(tensor)) for tensor in after.subgraphs[0].tensors]
    named = [size for tensor, size in zip(after.subgraphs[0].tensors, sizes, strict=True) if tensor.name]
    assert min(named) >= 1024
    assert len(named) == len([size for size in sizes if size >= 1024])
    assert [set(one.inputs) | set(one.outputs) for one in after.signatures] == [{"history", "scores"}]
    assert set(after.metadata) == {"min_runtime_version"}
    assert after.min_runtime_version == before.min_runtime_version
    assert len(stripped) < len(model) - sum(len(tensor.name) for tensor in before.subgraphs[0].tensors)
    assert np.array_equal(reference(stripped, histories), reference(model, histories))
    for (runtime, scores), expected in zip(
        in_runtimes(stripped, histories).items(), in_runtimes(model, histories).values(), strict=True
    ):
        assert np.array_equal(scores, expected), runtime


def test_tensors_without_names_are_called_by_their_index(load: Load) -> None:
    sizes = anatomy(tflite_file.parse(strip_names(load("converted_gru_float32")))).tensors
    assert len({size.name for size in sizes}) == len(sizes)
    assert all(size.name.startswith("tensor ") == (size.bytes < 1024) for size in sizes)
