"""An emulated board: booted for real, benched over ssh, switched off; and what is said where it cannot be."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgerec.progress import silent
from edgerec.targets import environment, local, naming
from edgerec.targets.board import image
from edgerec.targets.board.target import BoardDevice
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.capsules.manifest import CapsuleError
from edgerec.targets.job import Job, Ran
from edgerec.targets.remote.device import RemoteDevice
from edgerec.targets.target import RunError, UnreachableError

RUNTIME = environment.parse("tflite-runtime==2.14.0")


def emulators() -> list[str]:
    """List the command lines of qemu-system that this process started: others on this machine may emulate too."""
    words = ["ps", "-o", "args=", "--ppid", str(os.getpid())]
    lines = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
    return [line for line in lines if "qemu-system-aarch64" in line.split()[0]]


def bench_both(whole: Job, broken: Job, measured: list[Ran]) -> None:
    """Bench a bundle on a board, and then what is none: its refusal is what ends the board."""
    with naming.target_of("board:cortex-a53").opened(RUNTIME, progress=silent) as device:
        assert len(emulators()) == 1
        measured.append(device.run(whole, progress=silent))
        device.run(broken, progress=silent)


@pytest.mark.slow
def test_a_board_gives_its_memory_and_the_lists_of_this_machine_and_is_off_afterwards(
    tool: Callable[[str], str], kept_capsule: Callable[..., Capsule], bundle_path: Path, tmp_path: Path
) -> None:
    for name in ("qemu-system-aarch64", "qemu-aarch64", "cc", "ssh"):
        tool(name)
    kept_capsule("aarch64")
    if image.kept() is None:
        pytest.skip("no Linux of emulated boards here: edgerec targets build-board")
    here = local.run(Job(bundle_path, RUNTIME, only=("quality",), lists=True))
    with naming.target_of("qemu:cortex-a53").opened(RUNTIME, progress=silent) as emulated:
        counted = emulated.run(Job(bundle_path, RUNTIME, only=("counts",)), progress=silent).report
    (tmp_path / "broken.edgerec").write_bytes(b"PK is not enough")
    broken = Job(tmp_path / "broken.edgerec", RUNTIME, only=("memory",))
    measured: list[Ran] = []
    with pytest.raises(RunError, match=r"broken\.edgerec"):
        bench_both(Job(bundle_path, RUNTIME, calls=20, lists=True), broken, measured)
    assert emulators() == []
    [ran] = measured
    report = ran.report
    assert ran.lists == here.lists
    assert (report.provenance, report.board.machine, report.latency) == ("emulated", "aarch64", None)
    assert report.memory is not None
    assert report.memory.peak is not None
    assert 2**20 < report.memory.peak < 512 * 2**20
    assert report.counts == counted.counts, report.warnings


def test_counts_alone_need_no_board(bundle_path: Path) -> None:
    with pytest.raises(UnreachableError, match="ask --target qemu:cortex-a53 for them"):
        BoardDevice(RemoteDevice(None, ()), "cortex-a53").run(  # type: ignore[arg-type]
            Job(bundle_path, RUNTIME, only=("counts",)), progress=silent
        )


def test_a_cpu_that_no_board_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnreachableError, match=r"'cortex-a71' .did you mean cortex-a7.*neoverse-n1"):
        naming.target_of("board:cortex-a71")


def test_without_the_emulator_the_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match="apt-get install qemu-system-arm"):
        naming.target_of("board:cortex-a72").refuse_unready(RUNTIME)


def test_where_no_capsule_can_be_had_nothing_boots(
    tool: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "qemu-system-aarch64").symlink_to(tool("qemu-system-aarch64"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    target = naming.target_of("board:cortex-a53")
    with pytest.raises(CapsuleError, match="--from"), target.opened(RUNTIME, progress=silent):
        pytest.fail("it booted")
