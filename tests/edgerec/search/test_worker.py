"""The worker's lines, in this process."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgerec.search import worker

ROOT = Path(__file__).parents[3]


def answers(*lines: Any) -> list[Any]:
    out = io.StringIO()
    worker.serve(io.StringIO("".join(json.dumps(line) + "\n" for line in lines)), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


CHOICES = {"items": "int8", "users": "int4", "rows": 1.0}


def test_a_factory_is_made_once_and_trials_are_answered_in_order() -> None:
    ready, first, second = answers(
        {"factory": "synthetic_problem:pure", "context": {}},
        {"number": 4, "choices": CHOICES},
        {"number": 5, "choices": {**CHOICES, "users": "int8"}},
    )
    assert ready == {"ready": True}
    assert [one["outcome"]["download_bytes"] for one in (first, second)] == [12000, 16000]
    assert sorted(first["outcome"]) == ["disk_bytes", "download_bytes", "figures", "margins"]


def test_a_refusal_is_an_answer_and_a_bug_is_none() -> None:
    opening = {"factory": "synthetic_problem:faulty", "context": {"1": "refuse", "2": "raise"}}
    assert answers(opening, {"number": 1, "choices": CHOICES})[1] == {"refused": "int2 needs LiteRT"}
    with pytest.raises(ZeroDivisionError):
        answers(opening, {"number": 2, "choices": CHOICES})


@pytest.mark.parametrize("name", ["synthetic_problem:none_such", "none_such:pure", "synthetic_problem", ""])
def test_a_factory_that_cannot_be_had_is_told(name: str) -> None:
    (answer,) = answers({"factory": name, "context": {}})
    assert name in answer["refused"]
    assert 'expected "module:function"' in answer["refused"]


def test_a_worker_needs_no_tensorflow_and_no_optuna() -> None:
    program = "import sys; from edgerec.search import worker; print(*sys.modules)"
    loaded = python(program).stdout.split()
    assert "edgerec.search.trial" in loaded
    assert {"tensorflow", "optuna"} & set(loaded) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_worker_ends_with_its_search() -> None:
    other = 1 if os.getpid() != 1 else 2
    assert python(f"from edgerec.search import worker; worker.main({other})").returncode == 1
    assert python(f"from edgerec.search import worker; worker.main({os.getpid()})").returncode == 0


def python(program: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
