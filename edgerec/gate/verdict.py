"""The verdict: one check a limit, true when every one of them holds."""

from dataclasses import dataclass

from edgerec.gate.budget import Amount, Unit


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

    @property
    def excess(self) -> float | None:
        """Give by how much a missed limit is missed, in its unit; None when it holds or has no amount."""
        if self.held is not False or isinstance(self.limit, (str, bool)) or isinstance(self.measured, (str, bool)):
            return None
        return None if self.measured is None else abs(self.measured - self.limit)


@dataclass(frozen=True)
class Verdict:
    """All checks of one bundle or .tflite, its own truth value; never true without a check."""

    subject: str
    sha256: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.checks) and all(check.held for check in self.checks)

    @property
    def missed(self) -> tuple[Check, ...]:
        """Give the checks that do not hold."""
        return tuple(check for check in self.checks if check.held is False)

    @property
    def unproven(self) -> tuple[Check, ...]:
        """Give the checks without evidence."""
        return tuple(check for check in self.checks if check.held is None)
