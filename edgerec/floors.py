"""The least share of float32's quality that a candidate has to keep, over the whole catalogue and under every half.

The hit rate of a half is that of one held-out item among candidates of its own half: over the full catalogue the less
popular half has next to no hits, and a floor under next to nothing proves nothing.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from device_tests.metrics import HALVES, METRICS
from device_tests.report import Quality
from edgerec.errors import EdgerecError
from edgerec.statistics import Interval, SampleError, ratio_bootstrap

State = Literal["held", "missed", "unproven", "no evidence"]

CANDIDATES = "candidates"
COVERAGE = "coverage"
QUANTITIES = (*METRICS, COVERAGE, CANDIDATES)
LEAST_HITS = 200
"""The hits that float32 must have in a half: with fewer a share of them is mostly chance."""

SEED = 0


class FloorError(EdgerecError):
    """Qualities of which one cannot be held to a share of the other."""


@dataclass(frozen=True)
class Floor:
    """The least share of float32's quantity at k.

    The quantity is a metric of `device_tests.metrics` over the whole catalogue, `coverage`, or `candidates`: the hit
    rate of one held-out item among candidates of its own `half`. A metric with a `half` is of that segment of the
    held-out items, a half or any other.
    """

    quantity: str
    k: int
    share: float
    half: str = ""


DEFAULT = (
    Floor("recall", 20, 0.99),
    Floor("ndcg", 20, 0.99),
    *(Floor(CANDIDATES, 10, 0.95, half) for half in HALVES),
    Floor(COVERAGE, 20, 0.90),
)


@dataclass(frozen=True)
class Floors:
    """Every floor that has to hold. `strict` asks each of the lower end of its interval, not of the estimate."""

    each: tuple[Floor, ...] = DEFAULT
    strict: bool = False


@dataclass(frozen=True)
class Kept:
    """What became of one floor, true when it holds.

    `estimate` is the share that is kept over all test users. `interval`, of 95 %, is that of the paired difference of
    each user as a share of float32's: users are resampled with what both models gave them. `figure` is what the floor
    was asked of, the estimate or the lower end. None where there is none: coverage is one count over all users and has
    no interval. `reason` says why the state is neither held nor missed.
    """

    floor: Floor
    state: State
    estimate: float | None = None
    interval: Interval | None = None
    figure: float | None = None
    reason: str = ""

    def __bool__(self) -> bool:
        return self.state == "held"


@dataclass(frozen=True)
class FloorVerdict:
    """What became of every floor, in order; true when each holds, never without one."""

    each: tuple[Kept, ...]

    def __bool__(self) -> bool:
        return bool(self.each) and all(self.each)


def judged(floors: Floors, float32: Quality, candidate: Quality, *, intervals: bool = True) -> FloorVerdict:
    """Hold a candidate's quality to shares of float32's; without `intervals` only those that decide are told.

    Raises FloorError unless both are of the same held-out items.
    """
    strict = floors.strict
    return FloorVerdict(tuple(kept(one, float32, candidate, strict=strict, intervals=intervals) for one in floors.each))


def kept(floor: Floor, float32: Quality, candidate: Quality, *, strict: bool = False, intervals: bool = True) -> Kept:
    """Say what a candidate keeps of one quantity; raises FloorError unless both are of the same held-out items.

    An interval takes longer than all the rest; without `intervals` it is left out where the estimate decides.
    """
    compared = [(each.offsets, each.catalogue, each.negatives) for each in (float32, candidate)]
    if compared[0] != compared[1]:
        raise FloorError(
            f"a candidate of {candidate.users} users and {candidate.catalogue} items cannot be held to float32 of "
            f"{float32.users} and {float32.catalogue}: measure both on the same held-out items"
        )
    if reason := obstacle(floor, candidate) or obstacle(floor, float32):
        return Kept(floor, "unproven", reason=reason)
    if floor.quantity == COVERAGE:
        return _coverage(floor, float32, candidate)
    pairs = _per_user(floor, candidate), _per_user(floor, float32)
    return _paired(floor, *pairs, strict=strict, intervals=intervals or strict)


def obstacle(floor: Floor, quality: Quality) -> str:
    """Say why a quality does not tell a floor's quantity, empty where it does."""
    if floor.quantity == CANDIDATES:
        return no_candidates(quality, floor.k, floor.half)
    counted = len(quality.recommended_items)
    if floor.quantity == COVERAGE and min(floor.k, quality.items) > counted:
        return f"coverage was counted for lists of up to {counted} items: take a smaller k"
    if floor.half and not quality.segments.get(floor.half):
        return nothing_in(floor.half)
    return "" if quality.ranks else "nothing is held out"


def no_candidates(quality: Quality, k: int, half: str) -> str:
    """Say why the hit rate at k among candidates of a half proves nothing, empty where it does."""
    if not quality.negatives:
        return "the bundle has no candidates to rank: make it with candidates = 99 under [data] in edgerec.toml"
    if k > quality.negatives:
        return f"every item is among the first {k} of its {1 + quality.negatives} candidates: take a smaller k"
    return "" if quality.segments[half] else nothing_in(half)


def nothing_in(segment: str) -> str:
    """Say that a segment has no held-out item to judge by."""
    return f"no item of the {segment} is held out"


def _coverage(floor: Floor, float32: Quality, candidate: Quality) -> Kept:
    whole = float32.coverage(floor.k)
    if not whole:
        return Kept(floor, "unproven", reason="float32 recommends nothing, of which nothing can be kept")
    estimate = candidate.coverage(floor.k) / whole
    return Kept(floor, _state(floor, estimate), estimate, figure=estimate)


def _per_user(floor: Floor, quality: Quality) -> Sequence[float]:
    if floor.quantity == CANDIDATES:
        return [hits for hits, _ in quality.candidate_hits(floor.k, floor.half)]
    return quality.per_user(floor.quantity, floor.k, floor.half or None)


def _paired(
    floor: Floor, candidate: Sequence[float], float32: Sequence[float], *, strict: bool, intervals: bool
) -> Kept:
    """Hold the share of float32's sum over users to a floor; users stay paired."""
    found = math.fsum(float32)
    estimate = math.fsum(candidate) / found if found else None
    interval = None
    if intervals:
        with suppress(SampleError):  # float32 gave next to nobody anything
            interval = ratio_bootstrap(candidate, float32, seed=SEED)
    if floor.half and found < LEAST_HITS:
        has = f"float32 has {found:.0f} hits in the {floor.half.replace('_', ' ')} and {LEAST_HITS} are needed"
        reason = f"{has}: hold more out with holdout under [data]"
        return Kept(floor, "no evidence", estimate, interval, reason=reason)
    if estimate is None:
        return Kept(floor, "unproven", reason=f"float32's {floor.quantity} is 0, of which nothing can be kept")
    if not strict:
        return Kept(floor, _state(floor, estimate), estimate, interval, estimate)
    if interval is None:
        reason = f"float32's {floor.quantity} is 0 for too many users to tell the lower end that strict = true asks of"
        return Kept(floor, "unproven", estimate, reason=reason)
    return Kept(floor, _state(floor, interval.low), estimate, interval, interval.low)


def _state(floor: Floor, figure: float) -> State:
    # A quotient of sums that should be the floor itself may be short of it by a rounding.
    return "held" if figure >= floor.share or math.isclose(figure, floor.share, rel_tol=1e-12) else "missed"
