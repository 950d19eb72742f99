"""The worker as it is run: a process that is given lines and gives lines."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters import worker
from converters.errors import ConversionFailed

ROOT = Path(__file__).parents[2]


def program(*lines: str) -> list[str]:
    return [sys.executable, "-c", "\n".join(("from converters import worker", *lines))]


def started(command: list[str], **settings: Any) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **{**pipes, **settings})


@pytest.fixture
def saved_model(keras: Any, tmp_path: Path) -> Path:
    """A table and a dense layer as a SavedModel."""
    from edgerec.models.session import session

    tf = session().tf
    history = keras.Input((4,), dtype="int32", name="history")
    rows = keras.layers.Flatten()(keras.layers.Embedding(90, 16)(history))
    model = keras.Model(history, keras.layers.Dense(90)(rows))
    module = tf.Module()
    module.model = model
    signature = [tf.TensorSpec([None, 4], tf.int32, name="history")]
    module.serve = tf.function(lambda history: {"scores": model(history, training=False)}, input_signature=signature)
    tf.saved_model.save(module, str(tmp_path / "saved_model"), signatures={"serving_default": module.serve})
    return tmp_path / "saved_model"


@pytest.fixture
def job(saved_model: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def make(precision: str = "float32", **changes: Any) -> dict[str, Any]:
        whole = {"saved_model": str(saved_model), "precision": precision, "runtime": "tflite-runtime==2.14.0"}
        return {**whole, "representative": None, "output": str(tmp_path / f"{precision}.tflite"), **changes}

    return make


@pytest.fixture
def running() -> Iterator[subprocess.Popen[str]]:
    process = started([sys.executable, "-m", "converters.worker"])
    yield process
    process.kill()
    process.communicate()


def ask(process: subprocess.Popen[str], job: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def test_one_process_converts_job_after_job_and_ends_with_its_input(
    running: subprocess.Popen[str], job: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    representative = tmp_path / "real.npz"
    np.savez(representative, history=np.random.default_rng(0).integers(0, 90, (50, 4), dtype=np.int32))
    for precision, data in (("float32", None), ("full_int8", str(representative)), ("dynamic_int8", None)):
        answer = ask(running, job(precision, representative=data))
        assert answer == {"bytes": (tmp_path / f"{precision}.tflite").stat().st_size}
    refused = ask(running, job("full_int8"))
    assert refused == {"refused": "full_int8 needs representative inputs and got none"}
    assert ask(running, job("float64"))["refused"].startswith("precision 'float64' is not known")
    full = ask(running, job(output="/dev/full"))
    assert full == {"refused": "the converter could not read or write: No space left on device"}
    assert ask(running, job()) == {"bytes": (tmp_path / "float32.tflite").stat().st_size}
    rest, _ = running.communicate()
    assert (rest, running.returncode) == ("", 0)


def test_what_anybody_prints_never_mixes_with_the_answers() -> None:
    chatty = started(
        program(
            "import os, sys, types",
            "sys.modules['tensorflow'] = types.ModuleType('tensorflow')",
            "def run(job):",
            "    print('chatter from Python')",
            "    os.write(1, b'chatter from below\\n')",
            "    os.system('echo chatter from a child')",
            "    return {'bytes': job['n']}",
            "worker.run = run",
            "worker.main()",
        ),
        stderr=subprocess.PIPE,
    )
    answers, chatter = chatty.communicate("".join(f'{{"n": {n}}}\n' for n in range(3)))
    assert [json.loads(line) for line in answers.splitlines()] == [{"bytes": n} for n in range(3)]
    assert chatter.count("chatter from below") == chatter.count("chatter from a child") == 3


def test_serve_answers_every_line_and_lets_other_errors_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(job: dict[str, Any]) -> dict[str, int]:
        raise {"refuse": ConversionFailed("no"), "disk": OSError(28, "No space left"), "bug": ZeroDivisionError()}[
            job["do"]
        ]

    monkeypatch.setattr(worker, "run", run)
    answers = io.StringIO()
    worker.serve(io.StringIO('{"do": "refuse"}\n{"do": "disk"}\n'), answers)
    assert [json.loads(line)["refused"] for line in answers.getvalue().splitlines()] == [
        "no",
        "the converter could not read or write: No space left",
    ]
    with pytest.raises(ZeroDivisionError):
        worker.serve(io.StringIO('{"do": "bug"}\n'), answers)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_worker_whose_parent_died_before_it_began_ends_at_once() -> None:
    orphan = started(program("worker.main(parent=1)" if os.getpid() != 1 else "worker.main(parent=2)"))
    orphan.communicate()
    assert orphan.returncode == 1
