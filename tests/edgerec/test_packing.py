import json
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from converters.numpy_reference.products import rounded_rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.scorer import scorer_file
from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.evaluation import EvaluationSet
from device_tests.manifest import Input
from device_tests.ragged import Ragged
from edgerec import packing
from edgerec.models.roles import CATALOGUE, POINTWISE, Roles
from edgerec.packing import Catalogue, EntryPoint, PackingError, Promise

HISTORY = Input("history", "history", 4, 41, 40)
ROLES = Roles("tiny", CATALOGUE, (HISTORY,), 40)
PROMISE = Promise("float32", "float32", "tflite-runtime==2.14.0", 0.99)
ITEMS = tuple(f"i{item}" for item in range(40))


@pytest.fixture
def evaluation(tiny_members: dict[str, bytes]) -> EvaluationSet:
    bundle = bundle_format.decode(bundle_format.encode(tiny_members))
    found = EvaluationSet.from_members(bundle.members, bundle.manifest)
    assert found is not None
    return found


def packed(tflite: bytes, **parts: object) -> Bundle:
    members = packing.members(tflite, ROLES, PROMISE, Catalogue(ITEMS), 10, **parts)  # type: ignore[arg-type]
    return bundle_format.decode(bundle_format.encode(members))


def renamed(tflite: bytes, key: bytes, output: bytes) -> bytes:
    """Give the file with another signature key and another name of its output."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))
    model.signatureDefs[0].signatureKey = key
    model.signatureDefs[0].outputs[0].name = output
    return rebuilt(model)


def rebuilt(model: schema.ModelT) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 12)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_the_decode_scores_every_item_for_the_rows_that_are_asked_for(
    tiny_tflite: bytes, tiny_model: object, evaluation: EvaluationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "ROWS_AT_ONCE", 3)  # so that there are several chunks, the last one shorter
    rows = np.array([7, 0, 3, 11], np.int32)
    decoded = packing.decode(tiny_tflite, ROLES, evaluation, rows)
    expected = tiny_model.scores(evaluation.inputs["history"][rows])  # type: ignore[attr-defined]
    np.testing.assert_allclose(decoded, expected, rtol=1e-5, atol=1e-6)


def test_signature_and_output_go_by_the_names_that_the_file_has(tiny_tflite: bytes, evaluation: EvaluationSet) -> None:
    entry, rows = EntryPoint("rank", "logits"), np.arange(5, dtype=np.int32)
    other = renamed(tiny_tflite, b"rank", b"logits")
    decoded = packing.decode(other, ROLES, evaluation, rows, entry)
    np.testing.assert_array_equal(decoded, packing.decode(tiny_tflite, ROLES, evaluation, rows))
    manifest = packed(other, entry=entry, proof=packing.proof_of(evaluation, None)).manifest
    assert (manifest.signature, manifest.output) == ("rank", "logits")


def test_integer_scores_are_decoded_as_the_real_numbers_that_they_stand_for(
    tiny_tflite: bytes, evaluation: EvaluationSet
) -> None:
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tiny_tflite, 0))
    (graph,) = model.subgraphs
    scores = graph.tensors[graph.outputs[0]]
    quantized = schema.TensorT()
    quantized.name, quantized.shape, quantized.shapeSignature = b"integers", scores.shape, scores.shapeSignature
    quantized.type, quantized.buffer = schema.TensorType.INT8, 0
    quantized.quantization = schema.QuantizationParametersT()
    quantized.quantization.scale, quantized.quantization.zeroPoint = [0.05], [3]
    graph.tensors.append(quantized)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.QUANTIZE
    code.version = 1
    model.operatorCodes.append(code)
    step = schema.OperatorT()
    step.opcodeIndex, step.inputs = len(model.operatorCodes) - 1, [int(graph.outputs[0])]
    step.outputs = [len(graph.tensors) - 1]
    step.builtinOptionsType, step.builtinOptions = schema.BuiltinOptions.QuantizeOptions, schema.QuantizeOptionsT()
    graph.operators.append(step)
    graph.outputs = step.outputs
    model.signatureDefs[0].outputs[0].tensorIndex = step.outputs[0]
    rows = np.arange(3, dtype=np.int32)
    exact = packing.decode(tiny_tflite, ROLES, evaluation, rows)
    decoded = packing.decode(rebuilt(model), ROLES, evaluation, rows)
    np.testing.assert_allclose(decoded, np.clip(exact, -131 * 0.05, 124 * 0.05), atol=0.026)


def test_inputs_of_one_id_a_row_are_given_in_the_shape_that_the_file_asks_for(maker: ModuleType) -> None:
    """Keras's Input((1,)) is [batch, 1], and the harness reshapes the ids to it."""
    random = np.random.default_rng(3)
    tables = {"user": random.normal(size=(3, 8)), "item": random.normal(size=(5, 8))}
    builder = maker.Builder()
    graph = builder.graph()
    ids = {name: graph.tensor(name, (1, 1), "INT32") for name in tables}
    rows = {name: graph.tensor(f"{name} rows", (1, 1, 8)) for name in tables}
    for name, table in tables.items():
        stored = graph.constant(f"{name} table", table.astype(np.float32))
        graph.op("GATHER", [stored, ids[name]], [rows[name]], options="GatherOptions", axis=0)
    product, scores = graph.tensor("product", (1, 1, 8)), graph.tensor("scores", (1, 1))
    graph.op("MUL", [*rows.values()], [product], options="MulOptions")
    graph.op("SUM", [product, graph.constant("axis", np.array([2], np.int32))], [scores], options="ReducerOptions")
    graph.signature(ids, {"scores": scores})
    roles = Roles("mf", POINTWISE, (Input("user", "user", 0, 3, None), Input("item", "item", 0, 5, None)), 5)
    nothing = Ragged.from_lists([np.zeros(0, np.int32)] * 3)
    users = EvaluationSet({"user": np.arange(3, dtype=np.int32)}, nothing, nothing, np.ones(5, np.int32))
    decoded = packing.decode(builder.pack(), roles, users, np.array([2, 0], np.int32))
    np.testing.assert_allclose(decoded, tables["user"][[2, 0]] @ tables["item"].T, rtol=1e-5, atol=1e-6)


def test_the_decode_rounds_as_the_runtime_does_that_the_bundle_is_for() -> None:
    """A kernel of tflite-runtime's for 4 bits rounds queries on a grid of its own."""
    random = np.random.default_rng(2)
    values, scales = random.integers(-7, 8, (40, 32)).astype(np.int8), np.ones(40, np.float16)
    scorer = scorer_file(IntegerRows(values, scales, 4))
    roles = Roles("mf", CATALOGUE, (Input("vector", "vector", 32, 0, None),), 40)
    nothing, vectors = Ragged.from_lists([np.zeros(0, np.int32)] * 5), random.normal(size=(5, 32)).astype(np.float32)
    users = EvaluationSet({"vector": vectors}, nothing, nothing, np.ones(40, np.int32))
    for runtime, asymmetric in (("tflite-runtime==2.14.0", False), ("ai-edge-litert==2.3.0", True)):
        made = packing.golden(scorer, roles, users, np.zeros((5, 2), np.int32), runtime=runtime)
        expected = rounded_rows(vectors, asymmetric=asymmetric)[made.users] @ values.T
        np.testing.assert_allclose(made.decoded_scores, expected, rtol=1e-4, atol=1e-4)


def test_a_file_that_scores_another_catalogue_is_refused(tiny_tflite: bytes, evaluation: EvaluationSet) -> None:
    with pytest.raises(PackingError, match="tiny gives 40 scores a user, expected 39"):
        packing.decode(tiny_tflite, replace(ROLES, items=39), evaluation, np.arange(2, dtype=np.int32))


def test_golden_outputs_are_float32s_lists_and_the_decode_of_some_users(
    tiny_tflite: bytes, evaluation: EvaluationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "GOLDEN_USERS", 6)
    monkeypatch.setattr(packing, "DECODED_USERS", 2)
    users = packing.golden_users(evaluation)
    assert users.tolist() == [0, 2, 4, 6, 8, 11]
    lists = np.arange(60, dtype=np.int32).reshape(6, 10)
    made = packing.golden(tiny_tflite, ROLES, evaluation, lists, runtime=PROMISE.runtime)
    assert sorted(made.users.tolist()) == users.tolist()
    for row, user in enumerate(made.users):
        assert made.float_top[row].tolist() == lists[users.tolist().index(user)].tolist()
    np.testing.assert_array_equal(
        made.decoded_scores, packing.decode(tiny_tflite, ROLES, evaluation, made.users[:2].astype(np.int32))
    )


def test_an_operator_of_which_no_runtime_is_known_is_refused(tiny_model: object) -> None:
    with pytest.raises(PackingError, match="tiny has an operator of which no runtime is known that has it"):
        packed(tiny_model.tflite(gather_version=99))  # type: ignore[attr-defined]


def test_what_does_not_fit_is_refused_by_name(tiny_tflite: bytes) -> None:
    def members(items: tuple[str, ...], k: int) -> Callable[[], object]:
        return lambda: packing.members(tiny_tflite, ROLES, PROMISE, Catalogue(items), k)

    for refused, message in (
        (members(ITEMS[:39], 10), "the vocabulary has 39 items and tiny scores 40"),
        (members(ITEMS, 41), "k is 41, expected 1 to 40"),
        (members(ITEMS, 0), "k is 0, expected 1 to 40"),
    ):
        with pytest.raises(PackingError, match=message):
            refused()


def test_a_bundle_binds_its_proof_to_its_model_and_names_neither_time_nor_place(tiny_tflite: bytes) -> None:
    bundle = packed(tiny_tflite, lineage={"seed": 3})
    lineage = json.loads(bundle.members[bundle_format.LINEAGE])
    assert lineage["seed"] == 3
    assert lineage["model_sha256"] == bundle.manifest.digests[bundle_format.MODEL]
    assert packed(tiny_tflite, lineage={"seed": 3}).sha256 == bundle.sha256
    assert bundle.manifest.oldest_runtime == "1.6.0"
