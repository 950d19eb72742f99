"""The hit rates among candidates, half by half, as one line."""

from collections.abc import Mapping

from edgerec.half_rates import HalfRate
from edgerec.report.quantities import share
from edgerec.statistics import Interval


def halves_title(negatives: int, k: int) -> str:
    """Give what the rates are of."""
    return f"hit rate at {k} of 1 among {negatives} of its own half:"


def halves_text(halves: Mapping[str, HalfRate]) -> str:
    """Give the rates with their 95 % intervals, and what is kept of float32's where that is known."""
    return "; ".join(f"{half.removesuffix('_half')} {_rate(one)}" for half, one in halves.items())


def _rate(one: HalfRate) -> str:
    if one.rate is None:
        return "has no held-out item"
    kept = "" if one.kept is None else f", {share(one.kept.estimate)} of float32's"
    return f"{_interval(one.rate)}{kept}"


def _interval(rate: Interval) -> str:
    return f"{rate.estimate:.3f} ({rate.low:.3f}-{rate.high:.3f})"
