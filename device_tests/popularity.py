"""Items in groups by how often they were taken in training: most popular first, ties by lower id."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

THIRDS = ("head", "middle", "tail")
Groups = npt.NDArray[np.int8]


def thirds(popularity: npt.NDArray[np.int32]) -> Groups:
    """Return 0, 1 or 2 (head, middle, tail) for every item, int8 [items]: each holds a third of all interactions.

    Where nothing was taken at all, every item is tail.
    """
    order = _most_popular_first(popularity)
    counts = popularity[order].astype(np.int64)
    total = int(counts.sum())
    return _placed(order, np.minimum((np.cumsum(counts) - counts) * 3 // total, 2) if total else np.full(len(order), 2))


def halves(popularity: npt.NDArray[np.int32]) -> Groups:
    """Return 0 for the more popular half of the items, 1 for the less popular, int8 [items].

    With an odd number of items the more popular half holds one more.
    """
    order = _most_popular_first(popularity)
    return _placed(order, np.arange(len(order)) >= (len(order) + 1) // 2)


def _most_popular_first(popularity: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    return np.argsort(-popularity.astype(np.int64), kind="stable")


def _placed(order: npt.NDArray[np.int64], groups: npt.NDArray[np.generic]) -> Groups:
    placed = np.empty(len(order), np.int8)
    placed[order] = groups
    return placed
