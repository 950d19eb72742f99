"""A budget drafted from what a bundle came to today: every figure that is known, with a margin."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from device_tests.report import DeviceReport
from edgerec.gate.budget import Limit
from edgerec.gate.evidence import Evidence
from edgerec.gate.from_reports import ANYWHERE, reports_of
from edgerec.gate.limit_kind import Amount, LimitKind, limit_kind
from edgerec.model_file import ModelFile
from edgerec.statistics import Interval

_KIB = 1024
_DIGITS = 3
_NAMES = (
    "app_bytes",
    "download_bytes",
    "contract",
    "oldest_runtime",
    "flex",
    "custom",
    "user_table",
    "golden",
    "top_k_overlap",
    "p50",
    "p95",
    "private_bytes",
    "peak_bytes",
    "instructions",
)


@dataclass(frozen=True)
class Drafted:
    """One limit as it is to be written, in the unit of its kind, and the figure of today that it came from."""

    name: str
    amount: Amount
    today: Amount

    @property
    def kind(self) -> LimitKind:
        """Give what this limit compares."""
        return limit_kind(self.name)


def drafted(file: ModelFile, reports: Mapping[str, DeviceReport], *, margin: float) -> tuple[Drafted, ...]:
    """Give a limit for each figure that is known of a file; what nothing measured has none.

    An amount gets the margin, a share of it, and is rounded to what it allows; a noisy one from the bound of its
    interval, so that today's file holds. Of several machines the worst counts. Versions and flags are as they are, and
    what is there today (Flex ops, a table of users) is left out.
    """
    own = reports_of(file, reports)
    evidence = Evidence(file, own, ANYWHERE)
    ks = sorted({report.quality.k for report in own.values() if report.quality is not None})
    names = (*_NAMES, *(f"{metric}_at_{k}" for k in ks[:1] for metric in ("recall", "ndcg")))
    return tuple(one for name in names if (one := _drafted(name, evidence, margin)) is not None)


def _drafted(name: str, evidence: Evidence, margin: float) -> Drafted | None:
    kind = limit_kind(name)
    readings = [one.reading for one in evidence.of(Limit(name, 0.0, ""))]
    amounts = [one.amount for one in readings if one.amount is not None]
    if not amounts:
        return None
    if kind.unit in {"flag", "version"}:
        wanted = kind.direction == "at least" if kind.unit == "flag" else amounts[0]
        return Drafted(name, amounts[0], amounts[0]) if amounts[0] == wanted and amounts[0] != "" else None
    bounds = [_bound(kind, float(one.amount), one.interval) for one in readings if isinstance(one.amount, (int, float))]
    worst = max if kind.direction == "at most" else min
    today = worst(float(one) for one in amounts if not isinstance(one, str))
    return Drafted(name, _rounded(kind, worst(bounds), margin), today)


def _bound(kind: LimitKind, amount: float, interval: Interval | None) -> float:
    if interval is None:
        return amount
    return interval.high if kind.direction == "at most" else interval.low


def _rounded(kind: LimitKind, amount: float, margin: float) -> Amount:
    if kind.direction == "at least":
        return math.floor(amount * (1 - margin) * 1000) / 1000
    allowed = math.ceil(amount * (1 + margin))
    if kind.unit == "bytes":
        return math.ceil(allowed / _KIB) * _KIB
    step = int(10 ** max(0, len(str(allowed)) - _DIGITS))
    return math.ceil(allowed / step) * step
