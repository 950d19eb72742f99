"""Tiny models written op by op, bundles of them, and the harness run on them in the real runtimes."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from device_tests import bundle, record, report
from device_tests.evaluation import EvaluationSet, Golden
from device_tests.manifest import Input, Manifest
from device_tests.popularity import halves
from device_tests.ragged import Ragged
from device_tests.ranking import top_k
from edgerec.targets import environment

REPOSITORY = Path(__file__).parents[2]
RUNTIMES = ("tflite-runtime==2.14.0", "ai-edge-litert==2.3.0")
TYPES = {"<f4": schema.TensorType.FLOAT32, "<i4": schema.TensorType.INT32, "|i1": schema.TensorType.INT8}
OPS = schema.BuiltinOperator


class Graph:
    """A .tflite under construction: tensors and operators are added, `finish` gives the file."""

    def __init__(self) -> None:
        self.tensors: list[schema.TensorT] = []
        self.operators: list[schema.OperatorT] = []
        self.codes: list[schema.OperatorCodeT] = []
        self.buffers = [schema.BufferT()]

    def tensor(self, name: str, shape: Sequence[int], kind: str = "<f4", scales: np.ndarray | None = None) -> int:
        """Add a tensor whose batch axis, -1 in `shape`, is free."""
        made = schema.TensorT()
        made.name, made.type, made.buffer = name.encode(), TYPES[kind], 0
        made.shape, made.shapeSignature = [abs(length) for length in shape], list(shape)
        if scales is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = scales.tolist(), [0] * len(scales)
            made.quantization.quantizedDimension = 0
        self.tensors.append(made)
        return len(self.tensors) - 1

    def constant(self, name: str, values: np.ndarray, scales: np.ndarray | None = None) -> int:
        index = self.tensor(name, values.shape, values.dtype.str, scales)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self.buffers.append(buffer)
        self.tensors[index].buffer = len(self.buffers) - 1
        return index

    def add(self, op: int, inputs: list[int], output: int, options: object = None, version: int = 1) -> int:
        code = schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = op, min(op, 127), version
        self.codes.append(code)
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = len(self.codes) - 1, inputs, [output]
        if options is not None:
            made.builtinOptions = options
            made.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.operators.append(made)
        return output

    def gather(self, table: int, ids: int, shape: Sequence[int]) -> int:
        return self.add(OPS.GATHER, [table, ids], self.tensor("gathered", shape), schema.GatherOptionsT())

    def finish(self, inputs: Mapping[str, int], outputs: Mapping[str, int], signature: str | None) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = list(inputs.values()), list(outputs.values())
        model = schema.ModelT()
        model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], self.codes, self.buffers
        model.signatureDefs = [] if signature is None else [_signature(signature, inputs, outputs)]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _signature(key: str, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> schema.SignatureDefT:
    made = schema.SignatureDefT()
    made.signatureKey, made.subgraphIndex, made.inputs, made.outputs = key.encode(), 0, [], []
    for part, names in ((made.inputs, inputs), (made.outputs, outputs)):
        for name, index in names.items():
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name.encode(), index
            part.append(entry)
    return made


@dataclass(frozen=True)
class Catalogue:
    """History [batch, 4] to scores [batch, items]: mean of item rows, times a dense layer.

    Weights are small whole numbers, unless `real`, so that every score is exact in float32 and many are equal.
    """

    items: int = 30
    columns: int = 8
    length: int = 4
    seed: int = 0
    real: bool = False

    @property
    def table(self) -> np.ndarray:
        rows = self._draw(1, (self.items + 1, self.columns))
        rows[self.items] = 0
        return rows

    @property
    def dense(self) -> np.ndarray:
        return self._draw(2, (self.items, self.columns))

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (Input("history", "history", self.length, self.items + 1, self.items),)

    kind = "catalogue"

    def _draw(self, part: int, shape: tuple[int, ...]) -> np.ndarray:
        random = np.random.default_rng((self.seed, part))
        values = random.normal(size=shape) if self.real else random.integers(-2, 3, shape)
        return values.astype(np.float32)

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        return (self.table[inputs["history"]].mean(axis=1) @ self.dense.T).astype(np.float32)

    def file(
        self,
        *,
        dense: np.ndarray | None = None,
        per_row_int8: bool = False,
        version: int = 1,
        signature: str | None = "serving_default",
        over: tuple[int, ...] = (1,),
    ) -> bytes:
        """Return the .tflite.

        `per_row_int8` leaves FULLY_CONNECTED at a version that knows no scale per row; `over` is what the mean is over.
        """
        graph = Graph()
        dense = self.dense if dense is None else dense
        history = graph.tensor("history", (-1, self.length), "<i4")
        rows = graph.gather(graph.constant("table", self.table), history, (-1, self.length, self.columns))
        axis = graph.constant("axis", np.array(over, np.int32))
        user = graph.add(OPS.MEAN, [rows, axis], graph.tensor("user", (-1, self.columns)), schema.ReducerOptionsT())
        if per_row_int8:
            scales = np.abs(dense).max(axis=1) / np.float32(127)
            weights = graph.constant("dense", np.round(dense / scales[:, None]).astype(np.int8), scales)
        else:
            weights = graph.constant("dense", dense)
        options = schema.FullyConnectedOptionsT()
        scores = graph.add(
            OPS.FULLY_CONNECTED, [user, weights, -1], graph.tensor("scores", (-1, self.items)), options, version
        )
        return graph.finish({"history": history}, {"scores": scores}, signature)

    def people(self, users: int) -> dict[str, np.ndarray]:
        random = np.random.default_rng((self.seed, 3))
        return {"history": random.integers(0, self.items + 1, (users, self.length), dtype=np.int32)}


@dataclass(frozen=True)
class Pointwise:
    """User [batch] and item [batch] to a score [batch, 1]: two rows multiplied, times a dense layer."""

    items: int = 30
    users: int = 17
    columns: int = 8
    seed: int = 0
    kind = "pointwise"

    @property
    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        random = np.random.default_rng((self.seed, 1))
        shapes = ((self.users, self.columns), (self.items, self.columns), (1, self.columns))
        user, item, dense = (random.integers(-2, 3, shape).astype(np.float32) for shape in shapes)
        return user, item, dense

    @property
    def inputs(self) -> tuple[Input, ...]:
        return Input("user", "user", 0, self.users, None), Input("item", "item", 0, self.items, None)

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        user, item, dense = self.tables
        return ((user[inputs["user"]] * dense) @ item.T).astype(np.float32)

    def file(self) -> bytes:
        graph = Graph()
        user, item, dense = self.tables
        ids = {name: graph.tensor(name, (-1,), "<i4") for name in ("item", "user")}  # converters do not keep the order
        rows = [
            graph.gather(graph.constant(f"{name} table", table), ids[name], (-1, self.columns))
            for name, table in (("user", user), ("item", item))
        ]
        product = graph.add(OPS.MUL, rows, graph.tensor("product", (-1, self.columns)), schema.MulOptionsT())
        scores = graph.tensor("scores", (-1, 1))
        options = schema.FullyConnectedOptionsT()
        graph.add(OPS.FULLY_CONNECTED, [product, graph.constant("dense", dense), -1], scores, options)
        return graph.finish(ids, {"scores": scores}, "serving_default")

    def people(self, users: int) -> dict[str, np.ndarray]:
        random = np.random.default_rng((self.seed, 3))
        return {"user": random.integers(0, self.users, users, dtype=np.int32)}


@dataclass(frozen=True)
class Factors:
    """A vector [batch, columns] to scores [batch, items]: a dense layer of small whole numbers."""

    items: int = 30
    columns: int = 8
    seed: int = 0
    kind = "catalogue"

    @property
    def dense(self) -> np.ndarray:
        return self._draw(1, self.items)

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (Input("vector", "vector", self.columns, 0, None),)

    def _draw(self, part: int, rows: int) -> np.ndarray:
        return np.random.default_rng((self.seed, part)).integers(-2, 3, (rows, self.columns)).astype(np.float32)

    def scores(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        return (inputs["vector"] @ self.dense.T).astype(np.float32)

    def file(self, kind: str = "<f4") -> bytes:
        """Return the .tflite; another `kind` of input is cast first."""
        graph = Graph()
        vector = read = graph.tensor("vector", (-1, self.columns), kind)
        if kind != "<f4":
            read = graph.add(OPS.CAST, [vector], graph.tensor("cast", (-1, self.columns)), schema.CastOptionsT())
        scores, dense = graph.tensor("scores", (-1, self.items)), graph.constant("dense", self.dense)
        graph.add(OPS.FULLY_CONNECTED, [read, dense, -1], scores, schema.FullyConnectedOptionsT())
        return graph.finish({"vector": vector}, {"scores": scores}, "serving_default")

    def people(self, users: int) -> dict[str, np.ndarray]:
        return {"vector": self._draw(3, users)}


@dataclass(frozen=True)
class Made:
    """A bundle and all that it was made from."""

    path: Path
    members: dict[str, bytes]
    manifest: Manifest
    evaluation: EvaluationSet

    def rewritten(self, path: Path, changes: Mapping[str, bytes | None] = {}, **manifest: object) -> Path:
        """Write a bundle like this one with other members (None: without) and other words in its manifest."""
        members = {name: data for name, data in {**self.members, **changes}.items() if data is not None}
        digests = bundle.digests(members)
        members[bundle.MANIFEST] = record.dumps(replace(self.manifest, digests=digests, **manifest)).encode()
        bundle.write(path, members)
        return path


def _ragged(random: np.random.Generator, users: int, items: int, most: int) -> Ragged:
    return Ragged.from_lists(
        [random.choice(items, random.integers(0, most + 1), replace=False).astype(np.int32) for _ in range(users)]
    )


def _drawn(random: np.random.Generator, evaluation: EvaluationSet, count: int) -> np.ndarray:
    half = halves(evaluation.popularity)
    rows = []
    for user, item in zip(evaluation.relevant.rows, evaluation.relevant.values, strict=True):
        taken = [*evaluation.seen[user], *evaluation.relevant[user]]
        rows.append(random.choice(np.setdiff1d(np.flatnonzero(half == half[item]), taken), count, replace=False))
    return np.array(rows, np.int32)


def make(
    path: Path,
    model: Catalogue | Pointwise | Factors,
    *,
    users: int = 40,
    k: int = 5,
    negatives: int = 0,
    file: bytes | None = None,
    **manifest: object,
) -> Made:
    """Write a bundle of a tiny model whose golden outputs come from NumPy; `negatives` for each held-out item."""
    random = np.random.default_rng(4)
    popularity = random.integers(0, 50, model.items).astype(np.int32)
    lists = _ragged(random, users, model.items, 6), _ragged(random, users, model.items, 4)
    evaluation = EvaluationSet(model.people(users), *lists, popularity)
    if negatives:
        evaluation = replace(evaluation, negatives=_drawn(random, evaluation, negatives))
    golden = np.arange(0, users, 2, dtype=np.int32)
    scores = model.scores({name: values[golden] for name, values in evaluation.inputs.items()})
    hidden = scores.copy()
    seen = evaluation.seen.take(golden)
    hidden[seen.rows, seen.values] = -np.inf
    members = {
        bundle.MODEL: model.file() if file is None else file,
        bundle.ITEMS: bundle.join_lines([f"film {item}" for item in range(model.items)]),
        **evaluation.to_members(),
        **Golden(golden, top_k(hidden, k), scores[: len(golden) // 2]).to_members(),
    }
    if model.kind == "pointwise":
        members[bundle.USERS] = bundle.join_lines([f"user {user}" for user in range(model.users)])
    said = {
        "name": "tiny", "recipe": "float32", "signature": "serving_default", "output": "scores", "precision": "float32",
        "runtime": "tflite-runtime==2.14.0", "oldest_runtime": "2.3.0", "tolerance": 0.0001, "float_overlap": 0.99,
        **manifest,
    }  # fmt: skip
    words = Manifest(1, kind=model.kind, inputs=model.inputs, items=model.items, k=k, digests={}, **said)
    made = Made(path, members, words, evaluation)
    made.rewritten(path)
    return replace(made, members=dict(bundle.read(path).members), manifest=bundle.read(path).manifest)


@dataclass(frozen=True)
class Ran:
    """How the harness ended: exit code, the lines it said, and the report if one was written."""

    code: int
    lines: list[str]
    report: report.DeviceReport | None
    text: str

    @property
    def error(self) -> str:
        """The one sentence of a refusal."""
        errors = [line for line in self.lines if line.startswith("error: ")]
        assert self.code == 2, self.lines
        assert len(errors) == 1, self.lines
        assert self.lines[-1] == errors[0]
        assert self.report is None
        assert not any("Traceback" in line for line in self.lines)
        return errors[0].removeprefix("error: ")


@pytest.fixture(scope="session")
def runtime_python(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the Python of a runtime's environment, made once for all tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = os.environ.get("EDGEREC_HOME") or str(shared / "edgerec-home")

    def find(name: str) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EDGEREC_HOME", home)
            return environment.python_for(environment.parse(name))

    return find


@pytest.fixture(params=[RUNTIMES[0], pytest.param(RUNTIMES[1], marks=pytest.mark.slow)], ids=["2.14", "LiteRT"])
def runtime(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def python(runtime: str, runtime_python: Callable[[str], Path]) -> Path:
    """Give the Python of each runtime in turn."""
    return runtime_python(runtime)


@pytest.fixture
def run_code(python: Path) -> Callable[[str], object]:
    """Run statements in the runtime's environment and give what they print, read as JSON."""

    def run(code: str) -> object:
        settings = {"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]}
        ended = subprocess.run([python, "-c", code], env=settings, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return run


@pytest.fixture
def harness(python: Path, tmp_path: Path) -> Callable[..., Ran]:
    """Run the harness as its own process in the runtime's environment."""

    def run(file: Path, *arguments: str, python: Path = python, path: Path = REPOSITORY) -> Ran:
        written, scratch = tmp_path / "report.json", tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        written.unlink(missing_ok=True)
        ended = subprocess.run(
            [python, "-m", "device_tests", file, "--report", written, "--calls", "20", *arguments],
            env={"PYTHONPATH": str(path), "TMPDIR": str(scratch), "PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert list(scratch.iterdir()) == [], "something was left in the temporary folder"
        assert ended.stdout == ""
        text = written.read_text() if written.exists() else ""
        lines = [line for line in ended.stderr.splitlines() if not line.startswith("INFO:")]
        return Ran(ended.returncode, lines, report.loads(text) if text else None, text)

    return run


@pytest.fixture
def catalogue(tmp_path: Path) -> Made:
    return make(tmp_path / "catalogue.bundle", Catalogue())


@pytest.fixture
def pointwise(tmp_path: Path) -> Made:
    return make(tmp_path / "pointwise.bundle", Pointwise())


@pytest.fixture
def factors(tmp_path: Path) -> Made:
    return make(tmp_path / "factors.bundle", Factors())


@pytest.fixture(name="make")
def fixture_make() -> Callable[..., Made]:
    return make


@pytest.fixture
def new_catalogue() -> type[Catalogue]:
    return Catalogue


@pytest.fixture
def new_pointwise() -> type[Pointwise]:
    return Pointwise


@pytest.fixture
def new_factors() -> type[Factors]:
    return Factors
