"""What the tests of table codecs share: a table of each kind, files that use them, and both runtimes."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pytest

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.float32_rows import Float32Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.low_rank import LowRank
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers

OLD, NEW = "tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"
# One process answers all cases: case N is N.tflite and N.in.npz, its answer N.out.npz or why there is none, N.txt.
CHILD = """
import sys
from pathlib import Path
import numpy as np
try:
    from tflite_runtime.interpreter import Interpreter
except ImportError:
    from ai_edge_litert.interpreter import Interpreter
for model in sorted(Path(sys.argv[1]).glob("*.tflite")):
    try:
        interpreter = Interpreter(str(model), num_threads=1)
        with np.load(model.with_suffix(".in.npz")) as arrays:
            inputs = dict(arrays)
        signature = interpreter._get_full_signature_list()["serving_default"]
        for name, values in inputs.items():
            interpreter.resize_tensor_input(signature["inputs"][name], values.shape)
        interpreter.allocate_tensors()
        np.savez(model.with_suffix(".out.npz"), **interpreter.get_signature_runner("serving_default")(**inputs))
    except (RuntimeError, ValueError) as error:
        model.with_suffix(".txt").write_text(str(error))
"""

Case: TypeAlias = tuple[bytes, dict[str, np.ndarray]]
Answer: TypeAlias = "dict[str, np.ndarray] | str"
OnDevice: TypeAlias = Callable[[str, Sequence[Case]], list[Answer]]


@pytest.fixture(scope="session")
def on_device(tmp_path_factory: pytest.TempPathFactory) -> OnDevice:
    """Return a function that answers cases in a runtime: outputs by name, or what it said when it refused."""
    from edgerec.targets import environment

    def run(runtime: str, cases: Sequence[Case]) -> list[Answer]:
        folder = tmp_path_factory.mktemp("cases")
        for number, (model, inputs) in enumerate(cases):
            (folder / f"{number:04}.tflite").write_bytes(model)
            np.savez(folder / f"{number:04}.in.npz", **inputs)
        python = environment.python_for(environment.parse(runtime))
        done = subprocess.run([python, "-c", CHILD, folder], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers: list[Answer] = []
        for number in range(len(cases)):
            said = folder / f"{number:04}.txt"
            if said.exists():
                answers.append(said.read_text())
                continue
            with np.load(folder / f"{number:04}.out.npz") as outputs:
                answers.append(dict(outputs))
        return answers

    return run


def lookup_file(coded: Coded, length: int = 0) -> bytes:
    writer = GraphWriter()
    ids = writer.input("ids", (-1, length) if length else (-1,), "INT32")
    writer.output("rows", coded.lookup(writer, ids))
    return writer.pack()


@pytest.fixture(scope="session", name="lookup_file")
def fixture_lookup_file() -> Callable[..., bytes]:
    """Return a function that writes a file from ids [batch], or [batch, length], to the rows of a coded table."""
    return lookup_file


@dataclass(frozen=True)
class Sample:
    """A coded table, whether scores are hybrid, and which uses ask for a newer runtime than 2.14."""

    coded: Coded
    hybrid: bool = False
    newer: frozenset[str] = frozenset()


def integer_rows(rows: int, columns: int, bits: int) -> IntegerRows:
    random = np.random.default_rng((rows, columns, bits))
    values = random.integers(-(2 ** (bits - 1)) + (bits == 4), 2 ** (bits - 1), (rows, columns)).astype(np.int8)
    return IntegerRows(values, random.uniform(0.01, 0.1, rows).astype(np.float16), bits)


def codes(kind: type[Any], rows: int, shape: tuple[int, int, int], *, scaled: bool = False) -> Any:
    count, centroids, _ = shape
    random = np.random.default_rng((rows, *shape))
    scales = random.uniform(0.5, 2, rows).astype(np.float16) if scaled else None
    picked = random.integers(0, centroids, (rows, count)).astype(np.uint8)
    return kind(picked, random.normal(size=shape).astype(np.float16), scales)


def native(rows: int, columns: int, bits: int) -> NativeRows:
    made = integer_rows(rows, columns, bits)
    return NativeRows(made.values, made.scales.astype(np.float32), bits)


def samples() -> dict[str, Sample]:
    random = np.random.default_rng(0)
    both, scores = frozenset({"scores", "lookup"}), frozenset({"scores"})
    four = integer_rows(60, 16, 4)
    blocks = random.uniform(0.01, 0.1, (50, 2)).astype(np.float16)
    return {
        "int8": Sample(integer_rows(50, 16, 8), hybrid=True),
        "int4": Sample(integer_rows(50, 16, 4), hybrid=True),
        "int4 of many columns": Sample(integer_rows(50, 64, 4), hybrid=True),
        "int4 of many columns and few rows": Sample(integer_rows(3, 64, 4), hybrid=True),
        "int4 of an odd number of rows and few columns": Sample(integer_rows(33, 6, 4), hybrid=True),
        "int2": Sample(integer_rows(50, 16, 2), hybrid=True, newer=scores),
        "float32": Sample(Float32Rows(random.normal(size=(50, 16)).astype(np.float32))),
        "float16": Sample(Float16Rows(random.normal(size=(50, 16)).astype(np.float16))),
        "native int8": Sample(native(50, 16, 8), hybrid=True, newer=both),
        "native int4": Sample(native(50, 16, 4), hybrid=True, newer=both),
        "native int2": Sample(native(50, 16, 2), hybrid=True, newer=both),
        "blocks of int4": Sample(BlockRows(integer_rows(50, 64, 4).values, blocks), hybrid=True, newer=both),
        "product codes": Sample(codes(ProductCodes, 70, (4, 256, 4))),
        "product codes, two a byte, scaled": Sample(codes(ProductCodes, 70, (4, 16, 4), scaled=True)),
        "product codes of 13 centroids": Sample(codes(ProductCodes, 70, (4, 13, 4))),
        "product codes, three of 16": Sample(codes(ProductCodes, 70, (3, 16, 4))),
        "one code a row": Sample(codes(ProductCodes, 70, (1, 40, 16), scaled=True)),
        "additive codes": Sample(codes(AdditiveCodes, 70, (2, 200, 16))),
        "additive codes, two a byte, scaled": Sample(codes(AdditiveCodes, 70, (4, 16, 16), scaled=True)),
        "tiers": Sample(
            Tiers((integer_rows(20, 16, 8), integer_rows(70, 16, 4), codes(ProductCodes, 40, (4, 16, 4)))), hybrid=True
        ),
        "tiers down to int2": Sample(
            Tiers((integer_rows(20, 16, 4), integer_rows(70, 16, 2))), hybrid=True, newer=scores
        ),
        "shared by uint8": Sample(SharedRows(random.integers(0, 60, 200).astype(np.uint8), four), hybrid=True),
        "shared by uint16": Sample(SharedRows(random.integers(0, 60, 200).astype(np.uint16), four), hybrid=True),
        "shared by int32": Sample(SharedRows(random.integers(0, 60, 200).astype(np.int32), four), hybrid=True),
        "shared by uint16, of more rows than int16 has": Sample(
            SharedRows(random.integers(32_000, 33_500, 500).astype(np.uint16), integer_rows(33_500, 8, 8)), hybrid=True
        ),
        "columns": Sample(Columns((integer_rows(50, 4, 8), integer_rows(50, 8, 4)), 16), hybrid=True),
        "low rank": Sample(
            LowRank(integer_rows(50, 8, 4), random.normal(size=(8, 16)).astype(np.float16)), hybrid=True
        ),
    }  # fmt: skip


SAMPLES = samples()


@pytest.fixture(scope="session", name="samples")
def fixture_samples() -> dict[str, Sample]:
    """Return a table of every kind by name."""
    return SAMPLES


@pytest.fixture(params=list(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Sample:
    """Give each of the samples in turn."""
    return SAMPLES[request.param]


@pytest.fixture(scope="session", name="integer_rows")
def fixture_integer_rows() -> Callable[[int, int, int], IntegerRows]:
    """Return a function that makes rows of integers: rows, columns, bits."""
    return integer_rows


@pytest.fixture(scope="session", name="codes")
def fixture_codes() -> Callable[..., Any]:
    """Return a function that makes codes: class, rows, shape of the codebooks, scaled or not."""
    return codes
