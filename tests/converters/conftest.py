"""What the tests of the converters share: fixture files and LiteRT in a child process."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"

# One process answers all cases of a test: case N is N.tflite and N.in.npz, its answer N.out.npz.
CHILD = """
import sys
from pathlib import Path
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
folder, signature, resolver = Path(sys.argv[1]), sys.argv[2], OpResolverType[sys.argv[3]]
for model in sorted(folder.glob("*.tflite")):
    with np.load(model.with_suffix(".in.npz")) as inputs:
        interpreter = Interpreter(str(model), num_threads=1, experimental_op_resolver_type=resolver)
        answer = interpreter.get_signature_runner(signature)(**inputs)
        np.savez(model.with_suffix(".out.npz"), **answer)
"""

RUNTIMES = ("tflite-runtime==2.14.0", "ai-edge-litert==2.3.0")
RUNTIME_CHILD = """
import sys
from pathlib import Path
import numpy as np
try:
    from tflite_runtime.interpreter import Interpreter
except ImportError:
    from ai_edge_litert.interpreter import Interpreter
folder = Path(sys.argv[1])
interpreter = Interpreter(str(folder / "model.tflite"), num_threads=1)
with np.load(folder / "inputs.npz") as arrays:
    inputs = dict(arrays)
for name in inputs:
    index = interpreter._get_full_signature_list()["serving_default"]["inputs"][name]
    interpreter.resize_tensor_input(index, inputs[name].shape)
interpreter.allocate_tensors()
np.save(folder / "scores.npy", interpreter.get_signature_runner("serving_default")(**inputs)["scores"])
"""

Case: TypeAlias = tuple[bytes, dict[str, Any]]
Runner: TypeAlias = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def litert(tmp_path: Path) -> Runner:
    """Return a function that runs (model, inputs) cases in LiteRT and returns the outputs of each.

    Without `delegates` its own kernels compute instead of XNNPACK, which takes recorded shapes at their word.
    """

    def run(cases: Sequence[Case], *, delegates: bool = True) -> list[dict[str, Any]]:
        resolver = "AUTO" if delegates else "BUILTIN_WITHOUT_DEFAULT_DELEGATES"
        stems = [tmp_path / f"{number:04}" for number in range(len(cases))]
        for stem, (model, inputs) in zip(stems, cases, strict=True):
            stem.with_suffix(".tflite").write_bytes(model)
            np.savez(stem.with_suffix(".in.npz"), **inputs)
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(tmp_path), "serving_default", resolver],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers = []
        for stem in stems:
            with np.load(stem.with_suffix(".out.npz")) as outputs:
                answers.append(dict(outputs))
        return answers

    return run


@pytest.fixture(scope="session")
def in_runtimes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, dict[str, Any]], dict[str, Any]]:
    """Return a function that runs a model in each device runtime, batched by resizing, and gives the scores of each."""
    from edgerec.targets import environment

    def run(model: bytes, inputs: dict[str, Any]) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("runtimes")
        (folder / "model.tflite").write_bytes(model)
        np.savez(folder / "inputs.npz", **inputs)
        scores = {}
        for runtime in RUNTIMES:
            python = environment.python_for(environment.parse(runtime))
            done = subprocess.run([python, "-c", RUNTIME_CHILD, folder], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{runtime}: {done.stderr}"
            scores[runtime] = np.load(folder / "scores.npy")
        return scores

    return run


def fixture_names(pattern: str = "*") -> list[str]:
    return sorted(path.stem for path in FIXTURES.glob(f"{pattern}.tflite"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `fixture_name` every fixture file, one at a time."""
    if "fixture_name" in metafunc.fixturenames:
        metafunc.parametrize("fixture_name", fixture_names())


@pytest.fixture
def fixture_bytes(fixture_name: str) -> bytes:
    return (FIXTURES / f"{fixture_name}.tflite").read_bytes()


@pytest.fixture
def load() -> Callable[[str], bytes]:
    """Return a function that gives a fixture file's bytes by its name."""
    return lambda name: (FIXTURES / f"{name}.tflite").read_bytes()
