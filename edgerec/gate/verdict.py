"""The verdict: one check a limit, true when every one of them holds."""

from dataclasses import dataclass

from edgerec.floors import State
from edgerec.gate.limit_kind import Amount, Unit
from edgerec.statistics import Interval


@dataclass(frozen=True)
class LargeTensor:
    """A tensor worth naming when a model is too large."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True)
class Check:
    """What became of one limit.

    `held` is None when nothing proves or refutes it. `limit` and `measured` are in `unit` (bytes, ns, share, version,
    flag, or text for what has no amount). `provenance` says how the figure came about ("read from the file",
    "measured", "emulated") and `source` who said it, a report's path; `where` is the `file:line` of the limit.

    What is kept of float32's may be that of one popularity `half` and has its 95 % `interval` beside it, of whose lower
    end the limit is asked where it is `strict`; with `no_evidence`, float32 has too few hits for it to prove anything.
    `measurer` is the machine and runtime that a figure is of, where several measured it and are judged apart.
    """

    name: str
    unit: Unit | str
    direction: str
    limit: Amount
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
    no_evidence: bool = False
    measurer: str = ""

    @property
    def state(self) -> State:
        """Give `held` as a word, and why there is none."""
        if self.held is None:
            return "no evidence" if self.no_evidence else "unproven"
        return "held" if self.held else "missed"

    @property
    def excess(self) -> float | None:
        """Give by how much a missed limit is missed, in its unit; None when it holds or has no amount."""
        if self.held is not False or isinstance(self.limit, (str, bool)) or isinstance(self.measured, (str, bool)):
            return None
        figure = self.interval.low if self.strict and self.interval else self.measured
        return None if figure is None else abs(figure - self.limit)


@dataclass(frozen=True)
class Verdict:
    """All checks of one bundle or .tflite, its own truth value; never true without a check."""

    subject: str
    sha256: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.checks) and all(check.held for check in self.checks)

    def of(self, state: State) -> tuple[Check, ...]:
        """Give the checks in a state."""
        return tuple(check for check in self.checks if check.state == state)
