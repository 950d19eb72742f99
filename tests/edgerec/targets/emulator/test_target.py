"""The real QEMU runs a real capsule: what it counts comes again to the last digit, and what it cannot do is said."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle
from device_tests.report import DeviceReport
from edgerec.errors import EdgerecError
from edgerec.progress import silent
from edgerec.targets import environment
from edgerec.targets.capsules import capsule
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.emulator import target as emulator
from edgerec.targets.emulator.processors import processor
from edgerec.targets.emulator.target import EmulatedDevice, Emulator
from edgerec.targets.environment import RuntimeUnavailableError
from edgerec.targets.job import Job
from edgerec.targets.naming import target_of
from edgerec.targets.target import RunError, UnreachableError

RUNTIME = environment.parse("tflite-runtime==2.14.0")
A72, A7 = "cortex-a72", "cortex-a7"

Tool = Callable[[str], str]
Devices = Callable[[str], EmulatedDevice]


@pytest.fixture(scope="session")
def devices(tool: Tool, kept_capsule: Callable[[str, str], Capsule]) -> Devices:
    """Return a function that gives the device of a processor; each is made ready once."""
    made: dict[str, EmulatedDevice] = {}

    def of(cpu: str) -> EmulatedDevice:
        tool("cc")
        if cpu not in made:
            tool("qemu-arm" if cpu == A7 else "qemu-aarch64")
            found = processor(cpu)
            made[cpu] = emulator.device(found, kept_capsule(found.architecture, str(RUNTIME)))
        return made[cpu]

    return of


def counted(device: EmulatedDevice, file: Path, limits: Mapping[str, int] = {}, **asked: object) -> DeviceReport:
    job = replace(Job(file, RUNTIME, only=("counts",), limits=limits), **asked)  # type: ignore[arg-type]
    return device.run(job).report


@pytest.mark.slow
def test_a_count_is_the_same_in_every_run_wherever_the_bundle_lies_and_whatever_else_is_asked(
    devices: Devices, bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = counted(devices(A72), bundle_path)
    assert first.counts is not None
    assert first.counts.ids == "eval set"
    assert len(first.counts.invoke) == 20
    assert len(first.counts.top_k) == 6, "one for each user, of whom there are six"
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("SOMETHING_LONG", "x" * 5000)
    elsewhere = tmp_path / "a folder with another name" / "b.edgerec"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(bundle_path.read_bytes())
    second = counted(devices(A72), elsewhere, calls=7, k=2, only=("counts", "quality"))
    assert second.quality is not None
    assert second.counts == first.counts


@pytest.mark.slow
@pytest.mark.parametrize("cpu", [A72, A7])
def test_a_float32_row_moves_three_more_bytes_an_item_than_an_int8_row(
    cpu: str, devices: Devices, new_table: Callable[[np.ndarray], bytes], tmp_path: Path
) -> None:
    items = 100_000
    most = {}
    for kind in (np.float32, np.int8):
        path = tmp_path / f"{kind.__name__}.tflite"
        path.write_bytes(new_table(np.ones((3, items), kind)))
        counts = counted(devices(cpu), path, limits={"user": 3}).counts
        assert counts is not None
        assert counts.top_k == (), "nobody says that the output of a bare file is a score"
        most[kind] = counts.invoke[-1]
    wide, narrow = most[np.float32], most[np.int8]
    assert wide.read_bytes - narrow.read_bytes == pytest.approx(3 * items, rel=0.01)
    assert wide.written_bytes - narrow.written_bytes == pytest.approx(3 * items, rel=0.01)
    assert wide.instructions > narrow.instructions


GROWTH = """
import sys
sys.path.insert(0, {harness!r})
import mmap
from device_tests import system
system.resident()
before = system.resident()
kept = bytes(range(256)) * 32768
with open({file!r}, "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
sum(mapped[::4096])
after = system.resident()
print(after.private - before.private, after.mapped - before.mapped)
"""


@pytest.mark.slow
@pytest.mark.parametrize("cpu", [A72, A7])
def test_memory_is_what_the_guest_has_and_not_what_its_emulator_translates(
    cpu: str, devices: Devices, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 16384)
    with devices(cpu).python.placed() as place:
        script = GROWTH.format(harness=str(devices(cpu).python.folder), file=str(tmp_path / "file"))
        told = subprocess.run(
            place.command("-c", script), env=place.variables, capture_output=True, text=True, check=True
        )
    private, mapped = map(int, told.stdout.split())
    assert 8 << 20 <= private < 8.5 * (1 << 20)
    assert 4 << 20 <= mapped < 4.5 * (1 << 20)


@pytest.mark.slow
def test_a_report_names_the_emulated_processor_and_nothing_of_the_machine_that_emulates_it(
    devices: Devices, bundle_path: Path
) -> None:
    phases: list[str] = []
    ran = devices(A72).run(Job(bundle_path, RUNTIME, lists=True), progress=phases.append)
    report, board = ran.report, ran.report.board
    assert phases == ["memory", "quality", "counts"]
    assert report.provenance == "emulated"
    assert report.latency is None
    assert report.memory is not None
    assert report.memory.peak is None, "the peak is of the process, which is the emulator's"
    assert board.cpu == str(processor(A72))
    assert board.machine == "aarch64"
    assert (board.memory_bytes, report.conditions) == (None, None)
    assert report.counts is not None
    assert report.quality is not None
    assert (report.quality.users, report.quality.sample_of, report.warnings) == (6, None, ())
    assert ran.lists is not None


@pytest.mark.slow
def test_without_a_plugin_the_rest_is_said_and_why_nothing_was_counted(devices: Devices, bundle_path: Path) -> None:
    bare = replace(devices(A72), plugin=None, obstacle="there is no C compiler")
    report = bare.run(Job(bundle_path, RUNTIME)).report
    assert report.quality is not None
    assert report.counts is None
    assert report.warnings == ("instructions were not counted: there is no C compiler",)
    with pytest.raises(UnreachableError, match=r"Nothing can be counted: there is no C compiler\."):
        bare.run(Job(bundle_path, RUNTIME, only=("counts",)))
    with pytest.raises(UnreachableError, match=r"Nothing can be counted: counts are exact with 1 thread, not 2\."):
        devices(A72).run(Job(bundle_path, RUNTIME, only=("counts",), threads=2))


@pytest.mark.slow
def test_a_device_that_hangs_is_ended_at_the_time_limit(devices: Devices, bundle_path: Path) -> None:
    with pytest.raises(RunError, match=r"was not done after 0\.5 s"):
        counted(devices(A72), bundle_path, time_limit_s=0.5)


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_and_no_folder(devices: Devices, bundle_path: Path, tmp_path: Path) -> None:
    devices(A72)  # ready before, so that what is interrupted is a run
    program = f"""
        import sys
        from pathlib import Path
        from edgerec.progress import silent
        from edgerec.targets import environment
        from edgerec.targets.emulator.target import Emulator
        from edgerec.targets.job import Job
        runtime = environment.parse({str(RUNTIME)!r})
        with Emulator({A72!r}).opened(runtime, progress=silent) as device:
            device.run(Job(Path({str(bundle_path)!r}), runtime), progress=lambda phase: print(phase, flush=True))
    """
    running = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert running.stdout is not None
    with running, running.stdout:
        assert running.stdout.readline() == "memory\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) != 0
    assert list(tmp_path.iterdir()) == []
    assert [one for one in commands() if str(tmp_path) in one] == []


def commands() -> list[str]:
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(one.read_text(errors="replace"))
        except OSError:
            continue
    return found


def test_it_is_a_target_by_name() -> None:
    assert target_of("qemu:cortex-a72") == Emulator("cortex-a72")
    assert target_of("qemu:cortex-a72").name == "qemu:cortex-a72"


def test_what_crashes_under_qemu_is_refused_with_what_does_not(tool: Tool) -> None:
    tool("qemu-aarch64")
    runtime = environment.parse("ai-edge-litert==2.3.0")
    with pytest.raises(
        RuntimeUnavailableError, match=r"2\.3\.0 crashes under QEMU.*use tflite-runtime==2\.14\.0"
    ) as why:
        Emulator(A72).refuse_unready(runtime)
    assert "use tflite-runtime==2.14.0, ai-edge-litert==2.1.6" in str(why.value)
    with pytest.raises(RuntimeUnavailableError), Emulator(A72).opened(runtime, progress=silent):
        pytest.fail("it was opened")


def test_a_runtime_without_a_wheel_for_32_bit_is_refused(tool: Tool) -> None:
    tool("qemu-arm")
    runtime = environment.parse("ai-edge-litert==2.1.6")
    with pytest.raises(EdgerecError, match=r"ai-edge-litert==2\.1\.6 has no wheel for armv7"):
        Emulator(A7).refuse_unready(runtime)


def test_an_unknown_processor_is_refused_before_anything_is_built(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    tool("qemu-aarch64")
    monkeypatch.setattr(capsule, "ready", lambda *_, **__: pytest.fail("a capsule was asked for"))
    with pytest.raises(UnreachableError, match="no processor 'cortex-x'"):
        Emulator("cortex-x").refuse_unready(RUNTIME)
    with pytest.raises(UnreachableError), Emulator("cortex-x").opened(RUNTIME, progress=silent):
        pytest.fail("it was opened")


def test_a_pointwise_model_ranks_a_sample_of_users_and_any_other_all(bundle_path: Path) -> None:
    job, catalogue = Job(bundle_path, RUNTIME), bundle.read(bundle_path)
    pointwise = replace(catalogue, manifest=replace(catalogue.manifest, kind="pointwise"))
    assert emulator.sampled(job, catalogue).users is None
    assert emulator.sampled(job, None).users is None
    assert emulator.sampled(job, pointwise).users == 200
    assert emulator.sampled(replace(job, users=3), pointwise).users == 3
