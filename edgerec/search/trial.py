"""What a trial is asked and what comes of it: choices in, bytes and margins out."""

import math
from dataclasses import dataclass
from typing import Protocol

from edgerec.search.errors import SearchError
from edgerec.search.space import Choices

DOWNLOAD, DISK = "download_bytes", "disk_bytes"


@dataclass(frozen=True)
class Trial:
    """One combination to try. Its outcome is a pure function of these choices and of the factory's context."""

    number: int
    choices: Choices


@dataclass(frozen=True)
class Outcome:
    """What one combination gives.

    `margins` say of every floor by how much it holds, as a share of the floor: 0.01 is 1 % above, below 0 it is missed.
    `figures` are kept and shown, and decide nothing.
    """

    download_bytes: int
    disk_bytes: int
    margins: dict[str, float]
    figures: dict[str, float]

    def __post_init__(self) -> None:
        numbers = {**self.margins, **self.figures}
        wrong = next((name for name, number in numbers.items() if not math.isfinite(number)), None)
        if wrong is not None:
            raise SearchError(f"a trial gave {numbers[wrong]} as {wrong}, expected a finite number")
        if min(self.download_bytes, self.disk_bytes) < 1:
            raise SearchError(f"a trial gave {self.download_bytes} and {self.disk_bytes} bytes, expected at least 1")

    @property
    def quality_margin(self) -> float:
        """The margin of the floor that holds least, 0 where there is none."""
        return min(self.margins.values(), default=0.0)


class Run(Protocol):
    """What a factory makes of its context: the function that a worker runs trials with."""

    def __call__(self, trial: Trial, /) -> Outcome:
        """Try one combination; an EdgerecError says in one sentence why it cannot be."""
        ...


@dataclass(frozen=True)
class Finished:
    """A trial and its outcome, or in one sentence why it has none."""

    trial: Trial
    outcome: Outcome | None
    why: str = ""


@dataclass(frozen=True)
class SizeLimits:
    """The most that a candidate may take, in bytes; None is no limit."""

    download_bytes: int | None = None
    disk_bytes: int | None = None

    def __post_init__(self) -> None:
        for name, limit in ((DOWNLOAD, self.download_bytes), (DISK, self.disk_bytes)):
            if limit is not None and limit < 1:
                raise SearchError(f"the limit of {name} is {limit}, expected at least 1")

    def margins(self, outcome: Outcome) -> dict[str, float]:
        """Give the margins of all floors and limits by name, each as a share of its floor or limit."""
        sizes = (
            (DOWNLOAD, outcome.download_bytes, self.download_bytes),
            (DISK, outcome.disk_bytes, self.disk_bytes),
        )
        held = {name: (limit - got) / limit for name, got, limit in sizes if limit is not None}
        return {**outcome.margins, **held}

    def missed(self, outcome: Outcome) -> dict[str, float]:
        """Give by how much each floor or limit is missed, as a share of it; empty when all hold."""
        return {name: -margin for name, margin in self.margins(outcome).items() if margin < 0}


NO_SIZE_LIMITS = SizeLimits()
