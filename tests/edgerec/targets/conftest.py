"""A recommender of one table, written as a .tflite by hand and packed as a bundle."""

from collections.abc import Callable
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from device_tests import bundle, evaluation, record
from device_tests.manifest import FORMAT, Input, Manifest
from edgerec.targets import environment
from edgerec.targets.capsules import capsule
from edgerec.targets.capsules.capsule import Capsule

USERS, ITEMS, K = 6, 12, 3
SCORES = np.random.default_rng(0).standard_normal((USERS, ITEMS)).astype(np.float32)


def table_model(table: np.ndarray) -> bytes:
    """Write the model whose scores are the user's row of `table`, float32 or int8: one GATHER, batch axis free."""
    kind = schema.TensorType.INT8 if table.dtype == np.int8 else schema.TensorType.FLOAT32

    def tensor(name: str, shape: list[int], signature: list[int], kind: int, buffer: int) -> schema.TensorT:
        made = schema.TensorT()
        made.name, made.shape, made.shapeSignature, made.type, made.buffer = name, shape, signature, kind, buffer
        return made

    def named(name: str, index: int) -> schema.TensorMapT:
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name, index
        return made

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.GATHER
    code.version = 1
    gather = schema.OperatorT()
    gather.inputs, gather.outputs = [1, 0], [2]
    gather.builtinOptionsType = schema.BuiltinOptions.GatherOptions
    gather.builtinOptions = schema.GatherOptionsT()
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("user", [1], [-1], schema.TensorType.INT32, 0),
        tensor("table", list(table.shape), list(table.shape), kind, 1),
        tensor("scores", [1, table.shape[1]], [-1, table.shape[1]], kind, 0),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [gather]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = [named("user", 0)], [named("scores", 2)]
    constant = schema.BufferT()
    constant.data = np.frombuffer(table.tobytes(), np.uint8)
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers, model.signatureDefs = [schema.BufferT(), constant], [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.fixture(scope="session")
def new_table() -> Callable[[np.ndarray], bytes]:
    """Give what writes the model whose scores are the user's row of a table, float32 or int8."""
    return table_model


@pytest.fixture(scope="session")
def kept_capsule() -> Callable[..., Capsule]:
    """Return a function that gives a capsule that was built before the tests, which build none."""

    def find(architecture: str, runtime: str = "tflite-runtime==2.14.0") -> Capsule:
        found = capsule.kept(architecture, environment.parse(runtime))
        if found is None:
            pytest.skip(f"no capsule here: edgerec targets build-capsule {architecture} --runtime {runtime}")
        return found

    return find


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the bare .tflite."""
    path = tmp_path_factory.mktemp("model") / "table.tflite"
    path.write_bytes(table_model(SCORES))
    return path


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the bundle, with an evaluation set where user u has seen item u and item u + 1 was held out."""
    users = np.arange(USERS, dtype=np.int32)
    proof = evaluation.EvaluationSet(
        inputs={"user": users},
        seen=evaluation.Ragged.from_lists([users[u : u + 1] for u in users]),
        relevant=evaluation.Ragged.from_lists([users[u : u + 1] + 1 for u in users]),
        popularity=np.ones(ITEMS, np.int32),
    ).to_members()
    members = {
        bundle.MODEL: table_model(SCORES),
        bundle.ITEMS: bundle.join_lines(tuple(f"item{i}" for i in range(ITEMS))),
        bundle.USERS: bundle.join_lines(tuple(f"user{u}" for u in users)),
    }
    manifest = Manifest(
        format=FORMAT,
        name="table",
        recipe="float32",
        kind="catalogue",
        signature="serving_default",
        inputs=(Input("user", "user", 0, USERS, None),),
        output="scores",
        items=ITEMS,
        k=K,
        precision="float32",
        runtime="tflite-runtime==2.14.0",
        oldest_runtime="",
        tolerance=0.0001,
        float_overlap=1.0,
        digests=bundle.digests(members),
    )
    manifest_text = record.dumps(manifest).encode()
    path = tmp_path_factory.mktemp("bundle") / "table.edgerec"
    bundle.write(path, {**members, **proof, bundle.MANIFEST: manifest_text})
    return path
