"""Emulated boards: `board:cortex-a72` boots a small Linux and benches over ssh, as on any board."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from device_tests.evaluation import EvaluationSet, Golden
from edgerec import storage, system
from edgerec.model_file import read_model_file
from edgerec.progress import Progress
from edgerec.suggestion import did_you_mean
from edgerec.targets.board import image as board_image
from edgerec.targets.board import machine
from edgerec.targets.capsules import capsule
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import Job, Ran
from edgerec.targets.remote.device import RemoteDevice
from edgerec.targets.ssh.target import Ssh
from edgerec.targets.target import HERE, UnreachableError

SCHEME = "board"
CPUS = ("cortex-a35", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1")
"""What qemu's `virt` machine can be, of 64 bits as the kernel is."""
ARCHITECTURE = "aarch64"


@dataclass(frozen=True)
class Board:
    """An emulated board of one CPU."""

    cpu: str

    @property
    def name(self) -> str:
        """The board as the user names it."""
        return f"{SCHEME}:{self.cpu}"

    @property
    def device(self) -> str:
        """This machine, whose time an emulated board takes."""
        return HERE

    def refuse_unready(self, runtime: RuntimePin) -> None:
        """Raise UnreachableError without the emulator, RuntimeUnavailableError for a runtime that no such board has.

        Raises CapsuleError where there is no capsule and none can be built.
        """
        machine.program()
        capsule.refuse_unready(ARCHITECTURE, runtime)

    @contextmanager
    def opened(self, runtime: RuntimePin, *, progress: Progress) -> Iterator["BoardDevice"]:
        """Boot the board, send the capsule where its disk does not have it yet, and switch it off at the end.

        Raises UnreachableError, RuntimeUnavailableError and CapsuleError.
        """
        self.refuse_unready(runtime)
        image = board_image.ready(progress=progress)
        with system.locked(storage.folder("boards") / f".{self.cpu}.lock"):
            progress(f"booting an emulated {self.cpu}")
            with machine.booted(self.cpu, image, self._disk) as on:
                ssh = Ssh(on.address, on.options, called=self.name)
                with ssh.opened(runtime, progress=progress) as device:
                    try:
                        yield BoardDevice(device)
                    finally:
                        with suppress(UnreachableError):
                            device.shell.ask(("sh", "-c", f"cd / && sync && mount -o remount,ro {board_image.DISK}"))

    def clean(self) -> None:
        """Remove the board's disk."""
        with system.locked(storage.folder("boards") / f".{self.cpu}.lock"), storage.telling(self._disk):
            self._disk.unlink(missing_ok=True)

    @property
    def _disk(self) -> Path:
        return storage.home() / "boards" / f"{self.cpu}.disk"


@dataclass(frozen=True)
class BoardDevice:
    """A board that is on."""

    device: RemoteDevice

    def run(self, job: Job, *, progress: Progress) -> Ran:
        """Run the harness on the board, for all that is true there: memory too, and no latency.

        Raises RunError, UnreachableError.
        """
        asked = replace(job, only=job.only or _true_phases(job.file), provenance="emulated")
        return self.device.run(asked, progress=progress)


def board(cpu: str) -> Board:
    """Give the emulated board of what stands after `board:`. Raises UnreachableError."""
    if cpu not in CPUS:
        raise UnreachableError(
            f"No emulated board has the CPU {cpu!r}{did_you_mean(cpu, CPUS)}; there are {', '.join(CPUS)}. "
            "qemu:CPU takes others."
        )
    return Board(cpu)


def _true_phases(file: Path) -> tuple[str, ...]:
    """Tell which phases a file has, without the one that means nothing under an emulator."""
    opened = read_model_file(file).bundle
    if opened is None:
        return ("memory",)
    evaluation = EvaluationSet.from_members(opened.members, opened.manifest)
    if evaluation is None:
        return ("memory",)
    golden = Golden.from_members(opened.members, opened.manifest, evaluation.users)
    return ("memory", "quality") if golden is None else ("memory", "golden", "quality")
