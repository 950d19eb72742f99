"""Limits relative to the baseline: how much worse than the figure there a new one may be."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgerec.gate.limit_kind import LimitKind, Unit, kept_of_float32, limit_kind
from edgerec.gate.quantity import QuantityError, bytes_of, count_of, nanoseconds_of

RATCHET = "ratchet"
_SIGNED = re.compile(r"\s*([+-])\s*([0-9].*)")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%\s*")
_AMOUNT_OF: Mapping[Unit, Callable[[object], int]] = {"bytes": bytes_of, "ns": nanoseconds_of, "count": count_of}


@dataclass(frozen=True)
class Growth:
    """How much worse than the baseline a figure may be: `share` of it, plus `amount` in the kind's unit, one of them 0.

    `written` is what stands at `where`, a `file:line`; `on` limits it to machines of that name, "" for any.
    """

    name: str
    share: float
    amount: int
    written: str
    where: str
    on: str = ""

    @property
    def kind(self) -> LimitKind:
        """Give what this limit compares."""
        return limit_kind(self.name)

    def allowed(self, baseline: float, threshold: float = 0.0) -> float:
        """Give the amount that a figure of the baseline allows; no change below `threshold`, a share, is one."""
        slack = max(self.share * baseline + self.amount, threshold * baseline)
        if self.kind.direction == "at least":
            return baseline - slack
        return baseline + slack if self.kind.unit == "share" else math.floor(baseline + slack)


def is_relative(value: object) -> bool:
    """Say whether a limit is written relative to the baseline: `"ratchet"`, or text that begins with a sign."""
    return isinstance(value, str) and (value == RATCHET or value.lstrip()[:1] in {"+", "-"})


def growth(name: str, written: str, where: str, on: str = "") -> Growth:
    """Give the growth that is written as `"+2 %"`, `"+20 KiB"`, `"-1 %"` (of what is best when it is large) or ratchet.

    Raises QuantityError for what is none, or none of this limit, and UnknownLimitError for an unknown name.
    """
    kind = limit_kind(name)
    if kept_of_float32(name):
        raise QuantityError(f"{written!r}, expected a share of float32's, to which it is relative already")
    if kind.unit not in {*_AMOUNT_OF, "share"}:
        raise QuantityError(f"{written!r}, expected a {kind.unit}, which neither grows nor shrinks")
    if written == RATCHET:
        return Growth(name, 0.0, 0, written, where, on)
    sign, example = ("+", "+2 %") if kind.direction == "at most" else ("-", "-1 %")
    match = _SIGNED.fullmatch(written)
    if match is None or match[1] != sign:
        raise QuantityError(
            f'{written!r}, expected what it may lose to the baseline, such as "{example}" or "{RATCHET}"'
        )
    if percent := _PERCENT.fullmatch(match[2]):
        return Growth(name, float(percent[1]) / 100, 0, written, where, on)
    if kind.unit == "share":
        raise QuantityError(f'{written!r}, expected a share of the baseline\'s such as "{example}"')
    return Growth(name, 0.0, _AMOUNT_OF[kind.unit](match[2].strip()), written, where, on)
