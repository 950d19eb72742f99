"""Which of several candidates no other beats: smaller and better at once."""

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Give the indices of the (cost, quality) that none dominates, cheapest first; of equal points the first alone."""
    best: list[int] = []
    for index in sorted(range(len(points)), key=lambda one: (points[one][0], -points[one][1], one)):
        if not best or points[index][1] > points[best[-1]][1]:
            best.append(index)
    return tuple(best)
