"""k-means with weights: k-means++ seeds, Lloyd's rounds, and an empty cluster moved to where the error is largest."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.coded import Floats

_POINTS_AT_ONCE = 1024  # whose distances from a few hundred centers stay in a cache


@dataclass(frozen=True, eq=False)
class Clusters:
    """Every point's cluster, int64 [points], and the clusters' centers, float32 [clusters, columns]."""

    members: NDArray[np.int64]
    centers: Floats


def cluster(
    points: Floats, count: int, *, seed: int, weights: NDArray[Any] | None = None, rounds: int = 12
) -> Clusters:
    """Return `count` clusters of `points` [points, columns] with little weighted squared error.

    With no more points than clusters each is its own center. Sources: S. Lloyd 1982; D. Arthur, S. Vassilvitskii,
    k-means++, SODA 2007. Raises ConverterError for no clusters, or weights that are not positive numbers.
    """
    weights = checked_weights(weights, len(points))
    if count < 1:
        raise ConverterError(f"points are put into at least 1 cluster, not {count}")
    if len(points) <= count:
        centers = np.zeros((count, points.shape[1]), np.float32)
        centers[: len(points)] = points
        return Clusters(np.arange(len(points)), centers)
    centers = _seeds(points, count, weights, np.random.default_rng(seed))
    members, errors = nearest(points, centers)
    weighted = points * weights[:, None]
    for _ in range(rounds):
        mass = np.bincount(members, weights, count)
        filled = mass > 0
        centers[filled] = (summed_by(members, weighted, count)[filled] / mass[filled, None]).astype(np.float32)
        centers[~filled] = points[np.argsort(-errors * weights, kind="stable")[: np.count_nonzero(~filled)]]
        before = members
        members, errors = nearest(points, centers)
        if filled.all() and np.array_equal(before, members):  # nor would another round change anything
            break
    return Clusters(members, centers)


def nearest(points: Floats, centers: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the index of every point's nearest center, ties to the lower, and its squared distance from it."""
    squares, doubled = (centers**2).sum(axis=1), -2 * centers.T
    members = np.empty(len(points), np.int64)
    least = np.empty(len(points), np.float32)
    for start in range(0, len(points), _POINTS_AT_ONCE):
        part = slice(start, start + _POINTS_AT_ONCE)
        distances = points[part] @ doubled
        distances += squares
        members[part] = distances.argmin(axis=1)
        least[part] = distances[np.arange(len(distances)), members[part]]
    least += (points**2).sum(axis=1)
    return members, np.maximum(least, 0, out=least)


def summed_by(members: NDArray[np.int64], rows: Floats, count: int) -> NDArray[np.float64]:
    """Return the sums of the `rows` [points, columns] of each of `count` clusters, [count, columns]."""
    order = np.argsort(members, kind="stable")
    names, starts = np.unique(members[order], return_index=True)
    sums = np.zeros((count, rows.shape[1]))
    sums[names] = np.add.reduceat(rows[order], starts, axis=0, dtype=np.float64)
    return sums


def checked_weights(weights: NDArray[Any] | None, points: int) -> Floats:
    """Return weights as float32 [points] of mean 1, ones for None; raises ConverterError unless all are positive."""
    if weights is None:
        return np.ones(points, np.float32)
    if weights.shape != (points,) or not (np.isfinite(weights).all() and (weights > 0).all()):
        raise ConverterError(f"weights of {points} points are {points} positive numbers: got {list(weights.shape)}")
    relative: Floats = (weights / weights.mean()).astype(np.float32)
    return relative


def _seeds(points: Floats, count: int, weights: Floats, generator: np.random.Generator) -> Floats:
    """Return points drawn with a chance that grows as their squared distance from those drawn before."""
    squares = (points**2).sum(axis=1)
    chance = weights.astype(np.float64)
    far = np.full(len(points), np.inf, np.float32)
    drawn = np.empty((count, points.shape[1]), np.float32)
    for place in range(count):
        summed = np.cumsum(chance)
        taken = min(int(np.searchsorted(summed, generator.random() * summed[-1], side="right")), len(points) - 1)
        drawn[place] = points[taken]
        far = np.minimum(far, np.maximum(squares - 2 * (points @ drawn[place]) + squares[taken], 0))
        chance = far * weights.astype(np.float64)
        chance = chance if chance.any() else weights.astype(np.float64)
    return drawn
