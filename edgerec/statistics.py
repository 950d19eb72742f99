"""How sure a mean over users is: bootstrap intervals, in plain Python so that `check` starts fast.

A resample counts each user twice or not at all. That is as uncertain as drawing users with replacement (weights of mean
1 and variance 1), and makes of a resample a random integer with one bit a user, and of a sum over users counts of bits.
Source: A. Owen, D. Eckles, Bootstrapping data arrays of arbitrary order, Annals of Applied Statistics 6(3), 2012, whose
"double or nothing" weights these are.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgerec.errors import EdgerecError

_BITS = 44  # of a value between the least and the most: far below what an interval of resamples can tell

Levels = list[tuple[float, int]]
"""Values as sums: user u's is the sum of those amounts whose integer has bit u set."""


class SampleError(EdgerecError):
    """Values per user of which no interval can be given."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds of its confidence interval, low <= high."""

    estimate: float
    low: float
    high: float


def paired_bootstrap(
    difference: Iterable[float], *, samples: int = 1000, seed: int, confidence: float = 0.95
) -> Interval:
    """Return the mean of one difference a user, [users], with its percentile interval.

    Users are resampled, so both sides of a difference stay together. Source: B. Efron, R. Tibshirani, An Introduction
    to the Bootstrap, 1993, chapter 13. Raises SampleError for no users, or a value that is not finite.
    """
    values = _checked(difference, samples, confidence)
    means = [above / below for above, below in _resampled(values, [1.0] * len(values), samples, seed)]
    return _interval(math.fsum(values) / len(values), means, confidence)


def ratio_bootstrap(
    above: Iterable[float], below: Iterable[float], *, samples: int = 1000, seed: int, confidence: float = 0.95
) -> Interval:
    """Return mean(above) / mean(below), both [users], with its percentile interval; users are resampled in pairs.

    Raises SampleError when mean(below) is 0, too for so many resamples that the interval would be a guess.
    """
    sides = [_checked(above, samples, confidence), _checked(below, samples, confidence)]
    if len(sides[0]) != len(sides[1]):
        raise SampleError(f"A ratio needs one value a user on both sides, not {len(sides[0])} and {len(sides[1])}.")
    total = math.fsum(sides[1])
    ratios = [one / other for one, other in _resampled(sides[0], sides[1], samples, seed) if other]
    if not total or len(ratios) < confidence * samples:
        raise SampleError("The figure to compare with is 0 for nearly all users, so there is no share of it to keep.")
    return _interval(math.fsum(sides[0]) / total, ratios, confidence)


def _checked(given: Iterable[float], samples: int, confidence: float) -> list[float]:
    try:
        values = [float(one) for one in given]
    except TypeError:
        values = []
    if not values or not all(map(math.isfinite, values)):
        raise SampleError(f"An interval needs one finite value a user, not {str(given)[:60]} as given.")
    if samples < 1 or not 0 < confidence < 1:
        raise SampleError(f"A bootstrap takes samples above 0 and a confidence in (0, 1), not {samples}, {confidence}.")
    return values


def _resampled(above: Sequence[float], below: Sequence[float], samples: int, seed: int) -> list[tuple[float, float]]:
    """Give the sums of both sides over the users of each resample, never one of nobody."""
    drawn, users = random.Random(seed), len(above)  # noqa: S311 - no secret
    first, second = _levels(above), _levels(below)
    sums = []
    for _ in range(samples):
        chosen = 0
        while not chosen:
            chosen = drawn.getrandbits(users)
        sums.append((_sum(first, chosen), _sum(second, chosen)))
    return sums


def _sum(levels: Levels, users: int) -> float:
    return sum(amount * (bits & users).bit_count() for amount, bits in levels)


def _levels(values: Sequence[float]) -> Levels:
    """Give one level for each value that there is, or one for each bit where there are more values than bits."""
    if len(set(values)) <= _BITS:
        places: dict[float, bytearray] = defaultdict(lambda: bytearray(b"0" * len(values)))
        for user, value in enumerate(values):
            places[value][-1 - user] = ord("1")
        return [(value, int(digits, 2)) for value, digits in sorted(places.items()) if value]
    least = min(values)
    step = (max(values) - least) / ((1 << _BITS) - 1)
    whole = [round((value - least) / step) for value in values]
    planes = zip(*(f"{one:0{_BITS}b}" for one in reversed(whole)), strict=True)
    highest_first = [
        (step * 2.0**bit, int("".join(plane), 2)) for bit, plane in zip(range(_BITS)[::-1], planes, strict=True)
    ]
    return [(least, (1 << len(values)) - 1), *highest_first]


def _interval(estimate: float, resampled: list[float], confidence: float) -> Interval:
    ordered = sorted(resampled)
    return Interval(estimate, _quantile(ordered, (1 - confidence) / 2), _quantile(ordered, (1 + confidence) / 2))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Give what a share of ordered values does not exceed, between two of them in proportion."""
    place = share * (len(ordered) - 1)
    before = ordered[int(place)]
    return before + (place - int(place)) * (ordered[min(int(place) + 1, len(ordered) - 1)] - before)
