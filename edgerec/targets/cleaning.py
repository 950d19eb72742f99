"""What edgerec keeps on a device between runs, so that nothing is sent twice, removed."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from edgerec.progress import Progress, silent
from edgerec.targets.target import Target, UnreachableError
from edgerec.targets.turns import turn


@runtime_checkable
class Keeping(Protocol):
    """A target on which something stays when a run is over."""

    def clean(self) -> None:
        """Remove all of it. Raises UnreachableError, also while a run goes on there."""
        ...


def clean(target: Target, *, progress: Progress = silent) -> bool:
    """Remove what a target keeps, in the device's turn, and say whether it is one that keeps anything.

    Raises UnreachableError.
    """
    if not isinstance(target, Keeping):
        return False
    with turn(target.device, progress):
        target.clean()
    return True


def clean_all(targets: Sequence[Target], *, progress: Progress = silent) -> None:
    """Remove what each target keeps.

    Raises UnreachableError of the first that could not be cleaned, after the others.
    """
    refused: list[UnreachableError] = []
    for target in targets:
        try:
            clean(target, progress=progress)
        except UnreachableError as error:
            refused.append(error)
    if refused:
        raise refused[0]
