"""One run at a time on a device: who measures holds its turn, against other runs of this user in any process."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from edgerec import storage, system
from edgerec.progress import Progress, silent
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import Job, Ran
from edgerec.targets.repeated import run_repeated
from edgerec.targets.target import Device, Target


def in_turn(target: Target, job: Job, *, progress: Progress = silent) -> Ran:
    """Take the device's turn, make the target ready and run the job there, as often as it asks.

    Raises UnreachableError, RuntimeUnavailableError and RunError.
    """
    with opened_in_turn(target, job.runtime, progress=progress) as device:
        return run_repeated(device, job, progress=progress)


@contextmanager
def opened_in_turn(target: Target, runtime: RuntimePin, *, progress: Progress) -> Iterator[Device]:
    """Take the device's turn and make the target ready; nobody else measures there while the block lasts.

    Raises UnreachableError and RuntimeUnavailableError.
    """
    with turn(target.device, progress), target.opened(runtime, progress=progress) as device:
        yield device


@contextmanager
def turn(device: str, progress: Progress) -> Iterator[None]:
    """Hold the turn of a device, as `Target.device` names it, and wait for it where another run has it.

    Its lock is a file under `storage.home()`, which the system frees when its holder is killed.
    """
    name = hashlib.sha256(device.encode()).hexdigest()[:16]

    def tell() -> None:
        progress(f"waiting for {device}: another run measures there")

    with system.locked(storage.folder("harness") / f".turn-{name}.lock", waiting=tell):
        yield
