"""Whether one figure holds one limit: yes, no, or not to be told."""

from dataclasses import dataclass

from edgerec.gate.baseline import Figure
from edgerec.gate.from_file import Reading
from edgerec.gate.growth import Growth
from edgerec.gate.limit_kind import Amount, LimitKind
from edgerec.gate.noise import beyond, exactly
from edgerec.gate.quantity import version_key
from edgerec.gate.verdict import Undecided
from edgerec.statistics import Interval


@dataclass(frozen=True)
class Decision:
    """Whether a limit is held, and where nothing tells why."""

    held: bool | None
    undecided: Undecided = "unproven"


@dataclass(frozen=True)
class Relative:
    """A growth, the figure of the baseline that it starts from, and the share of it below which no change is one."""

    growth: Growth
    figure: Figure
    threshold: float

    def allowed(self, amount: float) -> float:
        """Give what an amount in the baseline would allow."""
        return self.growth.allowed(amount, self.threshold)


def decided(kind: LimitKind, limit: Amount, reading: Reading, relative: Relative | None = None) -> Decision:
    """Say whether a reading holds a limit, or what a baseline allows; raw values that say both are inconclusive.

    A figure of the very measurement that the baseline has is no change, however noisy that was.
    """
    if reading.kept is not None:
        held = {"held": True, "missed": False}.get(reading.kept.state)
        return Decision(held, "no evidence" if reading.kept.state == "no evidence" else "unproven")
    amount = reading.amount
    if amount is None:
        return Decision(None)
    if isinstance(amount, str) or isinstance(limit, str):
        return Decision(version_key(str(amount)) <= version_key(str(limit)))
    new = reading.interval or exactly(amount)
    if relative is None:
        return _beyond(kind, beyond(new, exactly(limit), float))
    old = relative.figure.around
    same = (new.estimate, new.low, new.high) == (old.estimate, old.low, old.high)
    return Decision(True) if same else _beyond(kind, beyond(new, old, relative.allowed))


def _beyond(kind: LimitKind, difference: Interval) -> Decision:
    low, high = (
        (difference.low, difference.high) if kind.direction == "at most" else (-difference.high, -difference.low)
    )
    if high <= 0:
        return Decision(True)
    return Decision(False) if low > 0 else Decision(None, "inconclusive")
