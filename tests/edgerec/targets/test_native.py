"""What benchmark_model prints, by version, and how it is run on a device."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.targets.board.target import BoardDevice
from edgerec.targets.local import Local
from edgerec.targets.local_shell import LocalShell
from edgerec.targets.native import NativeError, NativeFigures, find_native, read_output, run_native
from edgerec.targets.remote.device import RemoteDevice

NEWEST = """\
INFO: STARTING!
INFO: Log parameter values verbosely: [0]
INFO: Graph: [/data/local/tmp/model.tflite]
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
INFO: The input model file size (MB): 1.25
INFO: Initialized session in 4.5ms.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
INFO: count=300 first=2001 curr=1500 min=1490 max=2001 avg=1512.5 std=40 p5=1495 median=1501 p95=1600

INFO: Running benchmark for at least 500 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
INFO: count=650 first=1510 curr=1499 min=1480 max=1700 avg=1500.25 std=12 p5=1485 median=1498 p95=1530

INFO: Inference timings in us: Init: 4500, First inference: 2001, Warmup (avg): 1512.5, Inference (avg): 1500.25
INFO: Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE.
INFO: Memory footprint delta from the start of the tool (MB): init=2.5 overall=6.75
INFO: Overall peak memory footprint (MB) via periodic monitoring: 12.5
"""
TENSORFLOW_2_3 = """\
STARTING!
Initialized session in 16.242ms.
count=3 first=1.05e+06 curr=900000 min=900000 max=1050000 avg=950000 std=3

count=50 first=249042 curr=250889 min=247067 max=254474 avg=249684 std=1442

Inference timings in us: Init: 16242, First inference: 1050000, Warmup (avg): 950000, Inference (avg): 249684
Peak memory footprint (MB): init=4.5 overall=138.5
"""
TENSORFLOW_1_15 = """\
Initialized session in 0.896ms
count=215 first=12231 curr=2106 min=2065 max=12231 avg=2331.42 std=746

count=459 first=2143 curr=2101 min=2056 max=2656 avg=2177.1 std=124

Average inference timings in us: Warmup: 2331.42, Init: 896, no stats: 2177.1
"""
PROFILED = """\
count=1 first=83235 curr=83235 min=83235 max=83235 avg=83235 std=0
count=50 first=79449 curr=81350 min=77385 max=88213 avg=79760.9 std=1929
============================== Summary by node type ==============================
Timings (microseconds): count=50 first=79000 curr=81000 min=77000 max=88000 avg=79732 std=1
Memory (bytes): count=0
Average inference timings in us: Warmup: 83235, Init: 38467, Inference: 79760.9
"""
MIB = 2**20


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        (
            NEWEST,
            NativeFigures(
                *(4_500_000, 2_001_000, 1_512_500, 1_500_250, 12_000, 650),
                *(5 * MIB // 2, 27 * MIB // 4, 25 * MIB // 2),
            ),
        ),
        (
            TENSORFLOW_2_3,
            NativeFigures(
                *(16_242_000, 1_050_000_000, 950_000_000, 249_684_000, 1_442_000, 50),
                *(9 * MIB // 2, 277 * MIB // 2, None),
            ),
        ),
        (
            TENSORFLOW_1_15,
            NativeFigures(896_000, 12_231_000, 2_331_420, 2_177_100, 124_000, 459, None, None, None),
        ),
        (PROFILED, NativeFigures(38_467_000, 83_235_000, 83_235_000, 79_760_900, 1_929_000, 50, None, None, None)),
    ],
    ids=["newest", "tensorflow_2_3", "tensorflow_1_15", "with_operators_profiled"],
)
def test_the_output_of_every_version_is_read(text: str, figures: NativeFigures) -> None:
    assert read_output(text) == figures
    assert read_output(text.replace("\n", "\r\n")) == figures


def test_without_a_count_line_the_times_still_come() -> None:
    figures = read_output(NEWEST.splitlines()[12])
    assert (figures.average_ns, figures.deviation_ns, figures.runs, figures.peak_bytes) == (1_500_250, None, None, None)


@given(text=st.text())
def test_what_is_no_output_of_it_is_refused_with_its_last_line(text: str) -> None:
    with pytest.raises(NativeError, match="gave no timings; its last line is: "):
        read_output(text)


def program(folder: Path, text: str) -> Path:
    path = folder / "benchmark_model"
    path.write_text(f"#!/bin/sh\n{text}\n")
    return path


MODEL = b"a model"


@dataclass(frozen=True)
class Device:
    """A device that has a command line."""

    shell: LocalShell


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(LocalShell(str(tmp_path / "device")))


def left(device: Device) -> list[Path]:
    return list(Path(device.shell.folder).glob("*"))


def test_it_is_run_with_the_model_on_the_device_and_both_are_gone_after_it(tmp_path: Path, device: Device) -> None:
    asked = tmp_path / "asked"
    own = program(tmp_path, f'echo "$@" > {asked}\ncat "${{1#--graph=}}" >> {asked}\ncat <<END >&2\n{NEWEST}END')
    native = find_native(device, "local", str(own))
    assert run_native(native, MODEL, threads=2, runs=500) == read_output(NEWEST)
    options, there = asked.read_text().splitlines()
    folder = re.escape(device.shell.folder)
    assert re.fullmatch(rf"--graph={folder}/native-\w+/model\.tflite --num_threads=2 --num_runs=500", options)
    assert there == "a model"
    assert not left(device)


def test_one_that_fails_is_one_sentence_and_nothing_is_left(tmp_path: Path, device: Device) -> None:
    broken = program(tmp_path, "echo 'ERROR: Failed to initialize the interpreter' >&2; exit 1")
    native = find_native(device, "local", str(broken))
    with pytest.raises(
        NativeError, match=r"ended with exit code 1 on local: .*Failed to initialize the interpreter\.$"
    ):
        run_native(native, MODEL, threads=1, runs=1)
    assert not left(device)


@pytest.mark.parametrize("path", ["/nowhere", "nowhere", ""])
def test_one_that_is_nowhere_is_refused_before_anything_runs(device: Device, path: str) -> None:
    with pytest.raises(NativeError, match=f"no benchmark_model at {path}, neither here nor on local"):
        find_native(device, "local", path)
    assert not left(device)


def test_where_time_means_nothing_it_is_refused_by_name() -> None:
    real = RemoteDevice(LocalShell("/nowhere"), ("python3",))
    refused = r"^board:cortex-a72 runs nothing but edgerec's own harness: leave --native out"
    with pytest.raises(NativeError, match=refused):
        find_native(BoardDevice(real, "cortex-a72"), "board:cortex-a72", "/bin/true")
    assert find_native(real, "ssh://pi@board", "/bin/true").here
    assert find_native(Local(), "local", "/bin/true").here
