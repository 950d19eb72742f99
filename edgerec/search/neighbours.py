"""Neighbours of what holds: one dimension changed by one step, those that are likely smaller first."""

import re
from collections.abc import Iterator, Sequence

from edgerec.search.result import Candidate, candidates_of, front_of
from edgerec.search.space import Dimension, OneOf, Space, Value, WholeNumbers
from edgerec.search.trial import Finished, SizeLimits

_NUMBER = re.compile(r"(\d+)")


def neighbours(space: Space, before: Sequence[Finished], limits: SizeLimits) -> Iterator[dict[str, Value]]:
    """Give neighbours of the candidates on the front that hold everything, of the smallest candidate first.

    A step down, which is likely smaller, comes before any step up; a candidate that holds by more than the others on
    the front has more to give, and is the next after the smallest.
    """
    held = [one for one in candidates_of(before) if not limits.missed(one.outcome)]
    for step in (-1, 1):
        for one in front_of(held):
            yield from _beside(space, one, step)


def _beside(space: Space, candidate: Candidate, step: int) -> Iterator[dict[str, Value]]:
    for name, dimension in space.dimensions.items():
        for value in near(dimension, candidate.choices[name], step):
            yield {**candidate.choices, name: value}


def near(dimension: Dimension, value: Value, step: int) -> tuple[Value, ...]:
    """Give the values a step (-1 or 1) from another.

    Of words with numbers in them, such as `top10-rows8-pq8x64`, those in which one number is the next lower or higher
    that there is; and of a list the one beside it, which is further down for -1: lists go from large to small.
    """
    if isinstance(dimension, WholeNumbers):
        moved = int(value) + step
        return (moved,) if dimension.has(moved) else ()
    if not isinstance(dimension, OneOf):
        return ()
    place = next(place for place, one in enumerate(dimension.values) if one == value) - step
    beside = dimension.values[place : place + 1] if place >= 0 else ()
    return tuple(dict.fromkeys((*_one_number_away(dimension.values, value, step), *beside)))


def _one_number_away(values: Sequence[Value], value: Value, step: int) -> list[Value]:
    """Give, for each number in a word, the word in which it alone is the next in the direction of `step`."""
    own = _NUMBER.split(str(value))
    nearest: dict[int, tuple[int, Value]] = {}
    for other in values:
        parts = _NUMBER.split(str(other))
        if len(parts) != len(own):
            continue
        changed = [place for place in range(len(own)) if parts[place] != own[place]]
        if len(changed) != 1 or not changed[0] % 2:
            continue
        apart = (int(parts[changed[0]]) - int(own[changed[0]])) * step
        if apart > 0 and (changed[0] not in nearest or apart < nearest[changed[0]][0]):
            nearest[changed[0]] = (apart, other)
    return [nearest[place][1] for place in sorted(nearest)]
