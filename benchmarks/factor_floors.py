"""What is kept of float32's quality, the floors under it, and the smallest setting that holds them on validation."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields

from benchmarks.factor_quality import Quality

LEAST_HITS = 200


@dataclass(frozen=True)
class Kept:
    """Shares of float32's figures: recall@20, NDCG@20, HR@10 of each popularity half, items shown in anyone's first 20.

    None for a half in which float32 has fewer than 200 hits: no evidence.
    """

    recall: float
    ndcg: float
    popular: float | None
    unpopular: float | None
    coverage: float


FLOORS = Kept(0.99, 0.99, 0.95, 0.95, 0.90)
FLOORS_WITHOUT_HALVES = Kept(0.99, 0.99, None, None, 0.90)
# Validation is small: what is chosen there has to clear the floors by so much on average.
MARGINS = Kept(0.003, 0.003, 0.003, 0.003, 0.003)


def kept(quality: Quality, float32: Quality) -> Kept:
    """Return the shares that are kept of float32's quality on the same users."""
    halves = [hits / of if of >= LEAST_HITS else None for hits, of in zip(quality.hits, float32.hits, strict=True)]
    recall, ndcg = (
        float(one.mean() / of.mean()) for one, of in ((quality.recall, float32.recall), (quality.ndcg, float32.ndcg))
    )
    return Kept(recall, ndcg, halves[0], halves[1], quality.coverage / float32.coverage)


def mean(several: Sequence[Kept]) -> Kept:
    """Return the mean of each figure; None where one seed has no evidence."""
    columns = zip(*map(astuple, several), strict=True)
    means = [None if None in column else sum(column) / len(column) for column in columns]
    return Kept(*means)  # type: ignore[arg-type]


def missed(found: Kept, floors: Kept = FLOORS, margins: Kept | None = None) -> tuple[str, ...]:
    """Return the names of the figures that lie below their floor (and margin), or have no evidence."""
    names = []
    for field in fields(Kept):
        floor, value = getattr(floors, field.name), getattr(found, field.name)
        if floor is None:
            continue
        if value is None or value < floor + (getattr(margins, field.name) if margins else 0):
            names.append(field.name)
    return tuple(names)


def shortfall(found: Kept, floors: Kept) -> float:
    """Return how far the worst figure lies below its floor, as a share of the floor; below 0 when all hold."""
    pairs = zip(astuple(found), astuple(floors), strict=True)
    return max(1.0 if value is None else 1 - value / floor for value, floor in pairs if floor is not None)


@dataclass(frozen=True)
class Walk:
    """A walk from small to large settings: the place of the one chosen, whether it holds, and all that were tried.

    `tried` are the figures of every setting tried, seed by seed.
    """

    chosen: int
    holds: bool
    tried: tuple[tuple[Kept, ...], ...]


def walk(settings: int, ask: Callable[[int], Sequence[Kept]], floors: Kept) -> Walk:
    """Return the first of so many settings that holds the floors on every seed, and with the margins on the mean.

    `ask` gives a setting's figures seed by seed. Where none holds, the one whose worst figure is nearest to its floor
    is chosen.
    """
    tried: list[tuple[Kept, ...]] = []
    for setting in range(settings):
        found = tuple(ask(setting))
        tried.append(found)
        if not any(missed(each, floors) for each in found) and not missed(mean(found), floors, MARGINS):
            return Walk(setting, holds=True, tried=tuple(tried))
    nearest = min(range(len(tried)), key=lambda one: max(shortfall(each, floors) for each in tried[one]))
    return Walk(nearest, holds=False, tried=tuple(tried))
