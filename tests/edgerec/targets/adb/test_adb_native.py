"""benchmark_model on a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgerec.targets.adb_shell import FOLDER, AdbShell
from edgerec.targets.native import NativeError, run_native

SAYS = "Inference timings in us: Init: 10, First inference: 20, Warmup (avg): 30.5, Inference (avg): 40.25"
PROGRAM = f'#!/bin/sh\ntest -s "${{1#--graph=}}" && echo "{SAYS}"\n'


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "some.tflite"
    path.write_bytes(b"a model")
    return path


def test_one_of_this_machine_is_pushed_run_and_removed(phone: Callable, tmp_path: Path, model: Path) -> None:
    connected, program = phone(), tmp_path / "benchmark_model"
    program.write_text(PROGRAM)
    figures = run_native(AdbShell(connected.serial), str(program), model, threads=1, runs=10)
    assert (figures.init_ns, figures.first_ns, figures.average_ns) == (10_000, 20_000, 40_250)
    assert [path for _, path in connected.pushed()] == [
        f"{FOLDER}/native/{n}" for n in ("benchmark_model", "model.tflite")
    ]
    assert not list((connected.tmp / "edgerec").iterdir())


def test_one_that_lies_on_the_phone_is_used_there_and_stays(phone: Callable, model: Path) -> None:
    connected = phone()
    there = connected.tmp / "benchmark_model"
    there.write_text(PROGRAM)
    there.chmod(0o755)
    shell = AdbShell(connected.serial)
    assert run_native(shell, "/data/local/tmp/benchmark_model", model, threads=1, runs=10).warmup_ns == 30_500
    assert there.exists()
    with pytest.raises(NativeError, match=r"no benchmark_model at /data/local/tmp/other, neither here nor on adb:"):
        run_native(shell, "/data/local/tmp/other", model, threads=1, runs=10)
    assert not list((connected.tmp / "edgerec").iterdir())
