"""benchmark_model on a phone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgerec.targets.adb.shell import FOLDER, AdbShell
from edgerec.targets.native import NativeError, find_native, run_native

SAYS = "Inference timings in us: Init: 10, First inference: 20, Warmup (avg): 30.5, Inference (avg): 40.25"
PROGRAM = f'#!/bin/sh\ntest -s "${{1#--graph=}}" && echo "{SAYS}"\n'


MODEL = b"a model"


@dataclass(frozen=True)
class Device:
    """A phone that is open."""

    shell: AdbShell


def test_one_of_this_machine_is_pushed_run_and_removed(phone: Callable, tmp_path: Path) -> None:
    connected, program = phone(), tmp_path / "my_benchmark"
    program.write_text(PROGRAM)
    native = find_native(Device(AdbShell(connected.serial)), "adb:", str(program))
    figures = run_native(native, MODEL, threads=1, runs=10)
    assert (figures.init_ns, figures.first_ns, figures.average_ns) == (10_000, 20_000, 40_250)
    assert [Path(path).name for _, path in connected.pushed()] == ["benchmark_model", "model.tflite"]
    assert all(path.startswith(f"{FOLDER}/native-") for _, path in connected.pushed())
    assert not list((connected.tmp / "edgerec").iterdir())


def test_one_that_lies_on_the_phone_is_used_there_and_stays(phone: Callable) -> None:
    connected = phone()
    there = connected.tmp / "benchmark_model"
    there.write_text(PROGRAM)
    there.chmod(0o755)
    device = Device(AdbShell(connected.serial))
    native = find_native(device, "adb:", "/data/local/tmp/benchmark_model")
    assert run_native(native, MODEL, threads=1, runs=10).warmup_ns == 30_500
    assert there.exists()
    assert not list((connected.tmp / "edgerec").iterdir())
    with pytest.raises(NativeError, match=r"no benchmark_model at /data/local/tmp/other, neither here nor on adb:"):
        find_native(device, "adb:", "/data/local/tmp/other")
