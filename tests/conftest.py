"""What every test shares: a folder of the tests' own, files and runtimes, and which tests are slow."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
END_TO_END = ROOT / "tests" / "end_to_end"

PACKAGES = {
    "qemu-aarch64": "qemu-user",
    "qemu-arm": "qemu-user",
    "qemu-system-aarch64": "qemu-system-arm",
    "adb": "adb",
    "ssh": "openssh-client",
    "sshd": "openssh-server",
    "cc": "gcc libc6-dev",
    "chromium": "chromium",
}

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

# Before anything of edgerec runs: environments and finished steps of the tests never mix with the user's.
os.environ.setdefault("EDGEREC_HOME", str(ROOT / ".edgerec-test"))

# What is started in the background may have these ignored, and children inherit that: nothing to test then.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture(scope="session")
def keras():
    """Legacy Keras in this process; a test that asks for it counts as a TensorFlow test."""
    from edgerec.models.session import session

    return session().keras


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """Give the script that makes the fixture files, for its builder of .tflite files."""
    spec = importlib.util.spec_from_file_location("make_fixtures", ROOT / "scripts" / "make_fixtures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Return a function that gives the path of a program that Debian packages; without it the test is skipped."""

    def path_of(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if found is None:
            pytest.skip(f"no {name} here: apt-get install {PACKAGES[name]}")
        return found

    return path_of


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing is left out: a test that cannot run there has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"CI leaves no test out, and this one says: {reason}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "keras" in names:
            item.add_marker(pytest.mark.tensorflow)
        if item.get_closest_marker("tensorflow") or "wheels" in names or END_TO_END in item.path.parents:
            item.add_marker(pytest.mark.slow)
    # The fast ones first: what they find is seen within a minute.
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
