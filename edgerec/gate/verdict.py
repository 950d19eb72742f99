"""The verdict: one check a limit, true when every one of them holds."""

from dataclasses import dataclass
from typing import Literal

from edgerec.gate.limit_kind import Amount, Unit
from edgerec.statistics import Interval

Undecided = Literal["unproven", "no evidence", "inconclusive"]
State = Literal["held", "missed", Undecided]

FLAG = "--limit"
"""Where a limit of the command line stands, in place of `file:line`."""


@dataclass(frozen=True)
class LargeTensor:
    """A tensor worth naming when a model is too large."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True)
class GrownTensor:
    """A tensor that holds more bytes than the one of its name did in the baseline; a new one had 0 and no type."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    before_bytes: int
    before_dtype: str


@dataclass(frozen=True)
class Location:
    """Where a limit is written; the line counts from 1 and is None where only the file is known."""

    file: str
    line: int | None


@dataclass(frozen=True)
class Check:
    """What became of one limit, true when it is held or the policy lets it pass undecided.

    `held` is None when nothing decides it, and `undecided` says why: no figure proves it ("unproven"), float32 has too
    few hits for a figure to prove anything ("no evidence"), or the measurement is too noisy to tell ("inconclusive");
    `tolerated` is what the policy says of that. `limit` and `measured` are in `unit` (bytes, ns, share, version,
    flag, or text for what has no amount). `provenance` says how the figure came about ("read from the file",
    "measured", "emulated") and `source` who said it, a report's path; `where` is the `file:line` of the limit.

    A limit relative to the baseline is `written` as "+2 %" or "ratchet", and `limit` is the amount that this allows,
    None without a figure in the baseline. `baseline` is that figure, and `change` the share by which the measured one
    differs from it, None where it is unknown or below the policy's threshold. `grew` are the tensors that grew most,
    and `acceptance` is the command that takes the measured figure up as the baseline.

    What is kept of float32's may be that of one popularity `half`. A figure of raw values has its 95 % `interval`
    beside it, of whose lower end the limit is asked where it is `strict`. `measurer` is the machine and runtime that a
    figure is of, where several measured it and are judged apart.
    """

    name: str
    unit: Unit | str
    direction: str
    limit: Amount | None
    measured: Amount | None
    held: bool | None
    provenance: str = ""
    source: str = ""
    where: str = ""
    reason: str = ""
    remedy: str = ""
    largest: tuple[LargeTensor, ...] = ()
    half: str = ""
    interval: Interval | None = None
    strict: bool = False
    undecided: Undecided = "unproven"
    tolerated: bool = False
    measurer: str = ""
    written: str = ""
    baseline: float | None = None
    change: float | None = None
    grew: tuple[GrownTensor, ...] = ()
    acceptance: str = ""

    def __bool__(self) -> bool:
        return self.held is True or (self.held is None and self.tolerated)

    @property
    def state(self) -> State:
        """Give `held` as a word, and why there is none."""
        if self.held is None:
            return self.undecided
        return "held" if self.held else "missed"

    @property
    def excess(self) -> float | None:
        """Give by how much a missed limit is missed, in its unit; None when it holds or has no amount."""
        if self.held is not False or isinstance(self.limit, (str, bool)) or isinstance(self.measured, (str, bool)):
            return None
        figure = self.interval.low if self.strict and self.interval else self.measured
        return None if figure is None or self.limit is None else abs(figure - self.limit)

    @property
    def location(self) -> Location | None:
        """Give where the limit is written, None for one of the command line or of the gate itself."""
        return _location(self.where)


@dataclass(frozen=True)
class Verdict:
    """All checks of one bundle or .tflite, its own truth value; never true without a check.

    `where` is the `file:line` that names the file to be checked, empty where only the command line does.
    """

    subject: str
    sha256: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    where: str = ""

    def __bool__(self) -> bool:
        return bool(self.checks) and all(self.checks)

    def of(self, state: State) -> tuple[Check, ...]:
        """Give the checks in a state."""
        return tuple(check for check in self.checks if check.state == state)

    def location(self, check: Check) -> Location:
        """Give where to look for a check: the line of its limit, else the line that names the file, else the file."""
        return check.location or _location(self.where) or Location(self.subject, None)


def _location(where: str) -> Location | None:
    if where in {"", FLAG}:
        return None
    file, colon, line = where.rpartition(":")
    return Location(file, int(line)) if colon and line.isdecimal() else Location(where, None)
