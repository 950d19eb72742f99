"""Emulated boards: `board:cortex-a72` boots a small Linux and benches over ssh, as on any board."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from device_tests.report import DeviceReport
from edgerec import storage, system
from edgerec.progress import Progress
from edgerec.suggestion import did_you_mean
from edgerec.targets.board import image as board_image
from edgerec.targets.board import machine
from edgerec.targets.capsules import capsule
from edgerec.targets.emulator.same_answers import EMULATED
from edgerec.targets.emulator.target import Emulator, uncounted, wants_counts, without_counts
from edgerec.targets.environment import RuntimePin, RuntimeUnavailableError
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
                        yield BoardDevice(device, self.cpu)
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
    """A board that is on, of one CPU."""

    device: RemoteDevice
    cpu: str

    def run(self, job: Job, *, progress: Progress) -> Ran:
        """Run the harness on the board, for all that is true there: memory too, and no latency.

        Counts are of a program alone, without the board's Linux: the same CPU's under QEMU's user-mode emulator, or a
        warning that says why there are none. Raises RunError, UnreachableError.
        """
        others = without_counts(job)
        if job.only and not others:
            raise UnreachableError(f"Counts alone need no board: ask --target qemu:{self.cpu} for them.")
        ran = self.device.run(replace(job, only=others, provenance=EMULATED), progress=progress)
        return replace(ran, report=self._with_counts(job, ran.report, progress))

    def _with_counts(self, job: Job, made: DeviceReport, progress: Progress) -> DeviceReport:
        if not wants_counts(job):
            return made
        try:
            with Emulator(self.cpu).opened(job.runtime, progress=progress) as counting:
                return counting.with_counts(job, made, progress=progress)
        except (UnreachableError, RuntimeUnavailableError) as why:
            return uncounted(made, str(why))


def board(cpu: str) -> Board:
    """Give the emulated board of what stands after `board:`. Raises UnreachableError."""
    if cpu not in CPUS:
        raise UnreachableError(
            f"No emulated board has the CPU {cpu!r}{did_you_mean(cpu, CPUS)}; there are {', '.join(CPUS)}. "
            "qemu:CPU takes others."
        )
    return Board(cpu)
