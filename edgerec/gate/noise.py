"""How sure a percentile of raw values is, and whether two noisy figures can be told apart, in plain Python."""

import math
from collections.abc import Callable, Sequence

from device_tests.measurement import percentile
from edgerec.statistics import Interval

_NORMAL_95 = 1.959964


def percentile_interval(values: Sequence[int], q: float) -> Interval | None:
    """Return the q-th percentile with the two values between which the true one lies in 95 %, None of a single value.

    Says nothing of how values are distributed, and takes them as independent. Too few values for a bound give the
    least or the most of them. Source: W. Conover, Practical Nonparametric Statistics, 1999, section 3.2.
    """
    if len(values) < 2:  # noqa: PLR2004 - one value says nothing of how others would differ
        return None
    ordered, share = sorted(values), q / 100
    around = _NORMAL_95 * math.sqrt(len(ordered) * share * (1 - share))
    low, high = (math.floor(len(ordered) * share - around), math.ceil(len(ordered) * share + around))
    return Interval(percentile(ordered, q), ordered[max(0, low - 1)], ordered[min(len(ordered) - 1, high)])


def beyond(new: Interval, old: Interval, allowed: Callable[[float], float]) -> Interval:
    """Return by how much `new` exceeds what `allowed` makes of `old`, with the interval of that difference.

    The bounds of both sides are put together as if each were independent of the other. Source: G. Zou, A. Donner,
    Construction of confidence limits about effect measures: a general approach, Statistics in Medicine 27, 2008.
    """
    limit = allowed(old.estimate)
    estimate = new.estimate - limit
    down = math.hypot(new.estimate - new.low, allowed(old.high) - limit)
    up = math.hypot(new.high - new.estimate, limit - allowed(old.low))
    return Interval(estimate, estimate - down, estimate + up)


def exactly(amount: float) -> Interval:
    """Return an amount of which there is no doubt."""
    return Interval(amount, amount, amount)
