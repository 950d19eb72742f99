"""The smallest setting that holds the floors on validation, on every seed and with a margin on their mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgerec.floors import CANDIDATES, DEFAULT, Floor, Floors, FloorVerdict, Kept

FLOORS = Floors()
WITHOUT_HALVES = Floors(tuple(floor for floor in DEFAULT if floor.quantity != CANDIDATES))
# Validation is small: what is chosen there has to clear the floors by so much on average.
MARGIN = 0.003


def name_of(floor: Floor) -> str:
    """Return what a floor is called in a table."""
    return floor.half.removesuffix("_half") or floor.quantity


def mean(several: Sequence[FloorVerdict]) -> dict[Floor, float | None]:
    """Return the mean of each share kept over the seeds; None where one seed proves nothing of it."""
    return {seeds[0].floor: _mean(seeds) for seeds in zip(*(verdict.each for verdict in several), strict=True)}


def _mean(seeds: Sequence[Kept]) -> float | None:
    proven = [one.figure for one in seeds if one.state in {"held", "missed"} and one.figure is not None]
    return sum(proven) / len(proven) if len(proven) == len(seeds) else None


def missed(verdict: FloorVerdict, floors: Floors) -> tuple[str, ...]:
    """Return the names of the floors that do not hold, or of which nothing is proved."""
    return tuple(name_of(one.floor) for one in verdict.each if one.floor in floors.each and not one)


def missed_on_mean(found: dict[Floor, float | None], floors: Floors, margin: float = 0.0) -> tuple[str, ...]:
    """Return the names of the floors above which a mean does not lie by a margin."""
    shares = {floor: found[floor] for floor in floors.each}
    return tuple(name_of(floor) for floor, share in shares.items() if share is None or share < floor.share + margin)


@dataclass(frozen=True)
class Walk:
    """A walk from small to large settings: the place of the one chosen, whether it holds, and all that were tried.

    `tried` are the verdicts of every setting tried, seed by seed.
    """

    chosen: int
    holds: bool
    tried: tuple[tuple[FloorVerdict, ...], ...]


def walk(settings: int, ask: Callable[[int], Sequence[FloorVerdict]], floors: Floors) -> Walk:
    """Return the first of so many settings that holds the floors on every seed, and with the margin on the mean.

    `ask` gives a setting's verdicts seed by seed. Where none holds, the one whose worst figure is nearest to its floor
    is chosen.
    """
    tried: list[tuple[FloorVerdict, ...]] = []
    for setting in range(settings):
        found = tuple(ask(setting))
        tried.append(found)
        if not any(missed(each, floors) for each in found) and not missed_on_mean(mean(found), floors, MARGIN):
            return Walk(setting, holds=True, tried=tuple(tried))
    nearest = min(range(len(tried)), key=lambda one: max(shortfall(each, floors) for each in tried[one]))
    return Walk(nearest, holds=False, tried=tuple(tried))


def shortfall(verdict: FloorVerdict, floors: Floors) -> float:
    """Return how far the worst figure lies below its floor, as a share of the floor; below 0 when all hold."""
    kept = [one for one in verdict.each if one.floor in floors.each]
    return max(1.0 if one.figure is None or one.reason else 1 - one.figure / one.floor.share for one in kept)
