"""A target: where a bundle runs. It is opened once, made ready for a runtime, and then asked many times."""

from contextlib import AbstractContextManager
from typing import Protocol

from edgerec.errors import EdgerecError
from edgerec.progress import Progress
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import Job, Ran

HERE = "this machine"


class RunError(EdgerecError):
    """A run that gave no report: the harness refused, died, or was not done in time."""


class UnreachableError(EdgerecError):
    """A target that cannot be had: not there, not allowed, not the right kind, or gone in the middle."""


class Device(Protocol):
    """A target that is open: a runtime is there and the harness."""

    def run(self, job: Job, *, progress: Progress) -> Ran:
        """Run the harness once in a process of its own. Raises RunError, UnreachableError.

        `progress` is told each phase as it starts.
        """
        ...


class Target(Protocol):
    """Where a bundle runs, as a user names it: `local`, `qemu:cortex-a72`, `ssh://pi@board`, `adb:SERIAL`."""

    @property
    def name(self) -> str:
        """The name that it was asked for by."""
        ...

    @property
    def device(self) -> str:
        """The machine whose time a run takes, as a person would say it: runs on one device take turns.

        Whatever runs here, emulators too, says HERE.
        """
        ...

    def refuse_unready(self, runtime: RuntimePin) -> None:
        """Raise UnreachableError, or RuntimeUnavailableError, where a run could not even begin; changes nothing."""
        ...

    def opened(self, runtime: RuntimePin, *, progress: Progress) -> AbstractContextManager[Device]:
        """Make the target ready for a runtime, and leave nothing of a run on it at the end.

        Raises UnreachableError, RuntimeUnavailableError.
        """
        ...
