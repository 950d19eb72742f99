"""Items in groups by how often they were taken in training."""

import numpy as np
import numpy.typing as npt

THIRDS = ("head", "middle", "tail")
HALVES = ("popular", "unpopular")


def thirds(popularity: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
    """Return 0, 1 or 2 (head, middle, tail) for every item: each third holds a third of all interactions.

    It is the cut of `device_tests.evaluation.EvaluationSet.segments`: most popular first, ties by lower id.
    """
    order = _most_popular_first(popularity)
    counts = popularity[order].astype(np.int64)
    before = np.cumsum(counts) - counts
    return _placed(order, np.minimum(before * 3 // max(int(counts.sum()), 1), 2))


def halves(popularity: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
    """Return 0 for the more popular half of the items, 1 for the less popular; with an odd number 0 holds one more."""
    order = _most_popular_first(popularity)
    return _placed(order, np.arange(len(order)) >= (len(order) + 1) // 2)


def _most_popular_first(popularity: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    return np.argsort(-popularity.astype(np.int64), kind="stable")


def _placed(order: npt.NDArray[np.int64], groups: npt.NDArray[np.generic]) -> npt.NDArray[np.int8]:
    placed = np.empty(len(order), np.int8)
    placed[order] = groups
    return placed
