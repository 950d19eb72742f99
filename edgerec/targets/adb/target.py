"""A phone or an Android emulator as a target: the capsule pushed over adb, and the harness run in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edgerec.progress import Progress
from edgerec.targets.adb import devices
from edgerec.targets.adb.android import architecture
from edgerec.targets.adb.phone import Phone
from edgerec.targets.adb.shell import AdbShell
from edgerec.targets.capsules import capsule
from edgerec.targets.environment import RuntimePin
from edgerec.targets.remote.device import with_capsule
from edgerec.targets.remote.run import remove_everything
from edgerec.targets.target import HERE

SCHEME = "adb"


@dataclass(frozen=True)
class Adb:
    """The device of a serial that the adb server knows; an empty serial is the only device there."""

    serial: str = ""

    @property
    def name(self) -> str:
        """The name that it was asked for by."""
        return f"{SCHEME}:{self.serial}"

    @property
    def device(self) -> str:
        """The phone itself; an Android emulator takes this machine's time."""
        return HERE if self.serial.startswith("emulator-") else self.name

    def refuse_unready(self, runtime: RuntimePin) -> None:
        """Raise UnreachableError where no such device can run anything, RuntimeUnavailableError without a wheel."""
        capsule.refuse_unready(architecture(self.shell()), runtime)

    @contextmanager
    def opened(self, runtime: RuntimePin, *, progress: Progress) -> Iterator[Phone]:
        """Push the capsule of the runtime where it is not there yet. Raises UnreachableError, CapsuleError."""
        shell = self.shell()
        made = capsule.ready(architecture(shell), runtime, progress=progress)
        yield Phone(with_capsule(shell, made, progress=progress))

    def clean(self) -> None:
        """Remove all that edgerec keeps on the device. Raises UnreachableError, also while a run goes on there."""
        remove_everything(self.shell())

    def shell(self) -> AdbShell:
        """Give the device's command line. Raises UnreachableError where it cannot be had."""
        return AdbShell(devices.ready(self.serial))
