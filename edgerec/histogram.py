"""How often values fall between two bounds, in steps of one ratio, so that short and long times both have room."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bin:
    """How many values lie from `start` to `end`, in their own unit."""

    start: float
    end: float
    count: int


def histogram(values: Sequence[float], *, low: float, high: float, bins: int) -> tuple[Bin, ...]:
    """Give the bins that are not empty, of `bins` from low to high, each so many times as long as the one before.

    Values beyond the bounds count in the first and the last. 0 < low <= high.
    """
    step = math.log(max(high / low, 1.01)) / bins
    counts = Counter(min(bins - 1, max(0, int(math.log(max(value, low) / low) / step))) for value in values)
    return tuple(
        Bin(low * math.exp(place * step), low * math.exp((place + 1) * step), counts[place]) for place in sorted(counts)
    )
