"""A tiny recommender written without a converter: history [batch, 4] -> GATHER -> mean -> dense -> [batch, 40]."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from device_tests import bundle as bundle_format
from device_tests import record
from device_tests import report as report_format
from device_tests.bundle import Bundle
from device_tests.conditions import Conditions, Moment
from device_tests.evaluation import Baseline, EvaluationSet, Golden
from device_tests.manifest import FORMAT, Input, Manifest
from device_tests.measurement import Faults, Latency, Memory, Start, Storage
from device_tests.popularity import halves
from device_tests.ragged import Ragged
from device_tests.report import Board, DeviceReport, GoldenResult, Quality
from edgerec.factor_bundle import float_members
from edgerec.models.factors import Factors
from edgerec.packing import Catalogue
from edgerec.targets import environment
from edgerec.targets.capsules import manifest as capsule_manifest
from edgerec.targets.capsules.manifest import Manifest as CapsuleManifest

ITEMS, LENGTH, COLUMNS, K, USERS = 40, 4, 8, 10, 12
PADDING = ITEMS


@dataclass(frozen=True)
class TinyModel:
    """Weights of the tiny recommender, and what it answers in NumPy."""

    table: np.ndarray
    dense: np.ndarray

    def scores(self, history: np.ndarray) -> np.ndarray:
        return self.table[history].mean(axis=1, dtype=np.float32) @ self.dense.T

    def tflite(self, *, gather_version: int = 1, flex: bool = False) -> bytes:
        """Write the file, for other op versions or with an op that needs Flex too."""
        names = {"history": "INT32", "table": "FLOAT32", "rows": "FLOAT32", "axis": "INT32", "mean": "FLOAT32"}
        names |= {"dense": "FLOAT32", "scores": "FLOAT32"}
        shapes = {
            "history": [1, LENGTH],
            "table": list(self.table.shape),
            "rows": [1, LENGTH, COLUMNS],
            "axis": [1],
            "mean": [1, COLUMNS],
            "dense": list(self.dense.shape),
            "scores": [1, ITEMS],
        }
        constants = {"table": self.table, "axis": np.array([1], np.int32), "dense": self.dense}
        model = schema.ModelT()
        model.version = 3
        model.description = b"tiny"
        model.buffers = [schema.BufferT()]
        graph = schema.SubGraphT()
        graph.tensors, index = [], {}
        for name, dtype in names.items():
            tensor = schema.TensorT()
            tensor.name, tensor.shape = name.encode(), shapes[name]
            tensor.type = getattr(schema.TensorType, dtype)
            tensor.buffer = 0
            if name in constants:
                buffer = schema.BufferT()
                buffer.data = np.frombuffer(np.ascontiguousarray(constants[name]).tobytes(), np.uint8)
                tensor.buffer = len(model.buffers)
                model.buffers.append(buffer)
            else:
                tensor.shapeSignature = [-1, *shapes[name][1:]]
            index[name] = len(graph.tensors)
            graph.tensors.append(tensor)
        steps = [
            (schema.BuiltinOperator.GATHER, gather_version, ["table", "history"], "rows", "GatherOptions"),
            (schema.BuiltinOperator.MEAN, 1, ["rows", "axis"], "mean", "ReducerOptions"),
            (schema.BuiltinOperator.FULLY_CONNECTED, 1, ["mean", "dense"], "scores", "FullyConnectedOptions"),
        ]
        graph.operators, model.operatorCodes = [], []
        for code, version, inputs, output, options in steps:
            operator = schema.OperatorT()
            operator.opcodeIndex = len(model.operatorCodes)
            operator.inputs = [index[one] for one in inputs]
            if code == schema.BuiltinOperator.FULLY_CONNECTED:
                operator.inputs.append(-1)
            operator.outputs = [index[output]]
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, f"{options}T")()
            graph.operators.append(operator)
            model.operatorCodes.append(_code(code, version))
        if flex:
            custom = _code(schema.BuiltinOperator.CUSTOM, 1)
            custom.customCode = b"FlexErf"
            model.operatorCodes.append(custom)
        graph.inputs, graph.outputs = [index["history"]], [index["scores"]]
        graph.name = b"main"
        model.subgraphs = [graph]
        signature = schema.SignatureDefT()
        signature.signatureKey = b"serving_default"
        signature.subgraphIndex = 0
        signature.inputs, signature.outputs = [_map("history", index)], [_map("scores", index)]
        model.signatureDefs = [signature]
        builder = flatbuffers.Builder(1 << 12)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _code(builtin: int, version: int) -> schema.OperatorCodeT:
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
    return code


def _map(name: str, index: dict[str, int]) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), index[name]
    return entry


@pytest.fixture(scope="session")
def tiny_model() -> TinyModel:
    random = np.random.default_rng(7)
    table = random.normal(size=(ITEMS + 1, COLUMNS)).astype(np.float32)
    table[PADDING] = 0
    return TinyModel(table, random.normal(size=(ITEMS, COLUMNS)).astype(np.float32))


@pytest.fixture(scope="session")
def tiny_tflite(tiny_model: TinyModel) -> bytes:
    return tiny_model.tflite()


@pytest.fixture(scope="session")
def tiny_manifest() -> Manifest:
    return Manifest(
        format=FORMAT,
        name="tiny",
        recipe="float32",
        kind="catalogue",
        signature="serving_default",
        inputs=(Input("history", "history", LENGTH, ITEMS + 1, PADDING),),
        output="scores",
        items=ITEMS,
        k=K,
        precision="float32",
        runtime="tflite-runtime==2.14.0",
        oldest_runtime="1.14.0",
        tolerance=0.0001,
        float_overlap=0.99,
        digests={},
    )


@pytest.fixture(scope="session")
def tiny_members(tiny_model: TinyModel, tiny_tflite: bytes, tiny_manifest: Manifest) -> dict[str, bytes]:
    """Give the members of a whole bundle: model, vocabulary, evaluation set, golden outputs, float32's ranks."""
    random = np.random.default_rng(11)
    seen = random.permuted(np.tile(np.arange(ITEMS, dtype=np.int32), (USERS, 1)), axis=1)[:, : LENGTH + 1]
    history, held_out = seen[:, :LENGTH], seen[:, LENGTH:]
    evaluation = EvaluationSet(
        inputs={"history": history},
        seen=Ragged.from_lists(list(history)),
        relevant=Ragged.from_lists(list(held_out)),
        popularity=np.bincount(history.ravel(), minlength=ITEMS).astype(np.int32),
    )
    scores = tiny_model.scores(history)
    unseen = scores.copy()
    np.put_along_axis(unseen, history, -np.inf, axis=1)
    top = np.argsort(-unseen, axis=1, kind="stable")[:, :K].astype(np.int32)
    golden = Golden(np.arange(USERS, dtype=np.int32), top, scores.astype(np.float32))
    order = np.argsort(-unseen, axis=1, kind="stable")
    ranks = (np.argsort(order, axis=1)[np.arange(USERS), held_out[:, 0]] + 1).astype(np.int32)
    items = bundle_format.join_lines(tuple(f"i{item}" for item in range(ITEMS)))
    app = {bundle_format.MODEL: tiny_tflite, bundle_format.ITEMS: items}
    counts = np.array([len(np.unique(order[:, :depth])) for depth in range(1, 21)], np.int32)
    baseline = Baseline(ranks, recommended_items=counts)
    proof = evaluation.to_members() | golden.to_members() | baseline.to_members()
    titles = bundle_format.join_lines(tuple(f"Film {item}" for item in range(ITEMS)))
    return with_manifest(tiny_manifest, {**app, **proof, bundle_format.TITLES: titles})


@pytest.fixture(scope="session")
def rebuilt(tiny_members: dict[str, bytes], tiny_manifest: Manifest) -> Callable[..., dict[str, bytes]]:
    """Make the tiny bundle's members again with other members (None leaves one out) or another manifest."""

    def make(changes: dict[str, bytes | None] | None = None, **manifest: object) -> dict[str, bytes]:
        members = {name: data for name, data in {**tiny_members, **(changes or {})}.items() if data is not None}
        return with_manifest(replace(tiny_manifest, **manifest), members)  # type: ignore[arg-type]

    return make


def with_manifest(manifest: Manifest, members: dict[str, bytes]) -> dict[str, bytes]:
    made = replace(manifest, digests=bundle_format.digests(members))
    return {**members, bundle_format.MANIFEST: record.dumps(made).encode()}


@pytest.fixture
def tiny_bundle(tmp_path: Path, tiny_members: dict[str, bytes]) -> Path:
    path = tmp_path / "tiny.edgerec"
    bundle_format.write(path, tiny_members)
    return path


@dataclass(frozen=True)
class TinyFactors:
    """A factorization of 40 users and 50 items in 8 columns, and an evaluation set that holds the users' vectors."""

    float32: Factors
    evaluation: EvaluationSet
    catalogue: Catalogue

    def bundle(self, path: Path) -> Path:
        """Write the float32 scorer as a bundle."""
        members = float_members(self.float32, self.evaluation, self.catalogue, K, runtime="tflite-runtime==2.14.0")
        bundle_format.write(path, members)
        return path


@pytest.fixture(scope="session")
def tiny_factors() -> TinyFactors:
    random = np.random.default_rng(13)
    vectors, table = (random.normal(size=(rows, COLUMNS)).astype(np.float32) for rows in (40, 50))
    best = np.argsort(-(vectors @ table.T + 2 * random.normal(size=(40, 50))), axis=1).astype(np.int32)
    seen, relevant = (Ragged.from_lists([np.sort(row) for row in part]) for part in (best[:, :6], best[:, 6:9]))
    popularity = np.bincount(best[:, :6].ravel(), minlength=50).astype(np.int32)
    half, negatives = halves(popularity), []
    for user, item in zip(relevant.rows, relevant.values, strict=True):
        others = np.setdiff1d(np.flatnonzero(half == half[item]), [*seen[user], *relevant[user]])
        negatives.append(random.choice(others, 9, replace=False))
    evaluation = EvaluationSet({"vector": vectors}, seen, relevant, popularity, np.array(negatives, np.int32))
    return TinyFactors(Factors(vectors, table), evaluation, Catalogue(tuple(f"i{item}" for item in range(50))))


BOARD = Board(
    machine="aarch64",
    system="Linux",
    release="6.1",
    cpu="Cortex-A72",
    cores=4,
    memory_bytes=4 << 30,
    python="3.11.2",
    numpy="1.26.4",
    runtime="tflite-runtime",
    runtime_version="2.14.0",
    threads=1,
)
GOLDEN = GoldenResult(
    users=USERS,
    decoded_users=USERS,
    largest_difference=0.0,
    tolerance=0.0001,
    decoded_overlap=1.0,
    order_held=True,
    float_overlap=0.995,
    float_overlap_floor=0.99,
    identical_lists=1.0,
    held=True,
    reason="",
)
LATENCY = Latency(
    starts=(Start(400_000, 90_000, Faults(120, 0), Faults(4, 0)),),
    warm_ns=tuple(range(1000, 101_000, 1000)),
    invoke_ns=tuple(range(500, 100_500, 1000)),
    warm_faults=Faults(0, 0),
    overhead_ns=300,
    invoke_overhead_ns=100,
    clock_ns=50,
    threads=1,
    batch=1,
    ids="eval set",
)
BEFORE = Moment("before", 0, "performance", 1_500_000, 48.5, False, 0, 0.1, 3 << 30)
CONDITIONS = Conditions((BEFORE, replace(BEFORE, phase="after", at_ns=9_000_000_000, temperature_c=51.5)))
MEMORY = Memory(
    private_load=200_000, private_run=300_000, mapped_load=50_000, mapped_run=60_000, peak=40_000_000, calls=100
)


@pytest.fixture(scope="session")
def tiny_quality(tiny_members: dict[str, bytes]) -> Quality:
    """Give the quality that a device reports whose ranks are float32's own."""
    return Quality(
        k=K,
        items=ITEMS,
        users=USERS,
        offsets=tuple(range(USERS + 1)),
        ranks=_values(tiny_members["proof/baseline_ranks.npy"], USERS),
        recommended_items=_values(tiny_members["proof/baseline_recommended_items.npy"], 20),
        distinct_scores=40.0,
        segments={"head": tuple(range(4)), "middle": (), "tail": tuple(range(4, USERS))},
        negatives=0,
        candidate_ranks=(),
    )


def _values(npy: bytes, count: int) -> tuple[int, ...]:
    return tuple(int(value) for value in np.frombuffer(npy[-4 * count :], "<i4"))


@pytest.fixture(scope="session")
def report_of(tiny_quality: Quality) -> Callable[..., DeviceReport]:
    """Make a whole, good report of a bundle or of a bare .tflite; keywords replace its parts."""

    def make(measured: Bundle | bytes, **changes: object) -> DeviceReport:
        bare = isinstance(measured, bytes)
        model = measured if isinstance(measured, bytes) else measured.model
        whole = DeviceReport(
            version=report_format.VERSION,
            provenance="measured",
            bundle_sha256=None if isinstance(measured, bytes) else measured.sha256,
            model_sha256=hashlib.sha256(model).hexdigest(),
            board=BOARD,
            golden=None if bare else GOLDEN,
            quality=None if bare else tiny_quality,
            latency=LATENCY,
            memory=MEMORY,
            warnings=(),
            storage=Storage(len(model)),
            conditions=CONDITIONS,
        )
        return replace(whole, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def write_capsule() -> Callable[..., CapsuleManifest]:
    """Return a function that writes a capsule, by its manifest, that is small enough to damage in every way."""

    def write(folder: Path, architecture: str = "aarch64") -> CapsuleManifest:
        for name, data in (("bin/python3.11", b"a program"), ("lib/python3.11/os.pyc", b"a module")):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_bytes(data)
            (folder / name).chmod(0o755 if name.startswith("bin/") else 0o644)
        files = capsule_manifest.files_under(folder)
        runtime = str(environment.PREFERRED)
        manifest = CapsuleManifest(architecture, runtime, {"libc6": "2.36-9"}, {"a.whl": "00"}, files)
        capsule_manifest.write(folder, manifest)
        return manifest

    return write
