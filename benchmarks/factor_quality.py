"""How well scores of a matrix factorization rank, in NumPy: over the whole catalogue, and among candidates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.factor_data import Side
from device_tests.evaluation import EvaluationSet, Ragged
from device_tests.metrics import HALVES
from device_tests.popularity import halves
from device_tests.ranking import hide, ranks_among

K = 20
CANDIDATES_K = 10
_USERS_AT_ONCE = 512
_GROUP = 32

Matrix = npt.NDArray[np.float32]
Scores = Callable[[slice], Matrix]


@dataclass(frozen=True, eq=False)
class Quality:
    """What some scores gave on an evaluation set.

    recall, ndcg   at 20 of every user, float64 [users]
    hits, held     of each popularity half: items found among the first 10 of 100, and items that have candidates
    top            the first 20 of every user, int32 [users, 20], best first
    shown          how many times an item stands there, int64 [items]
    """

    recall: npt.NDArray[np.float64]
    ndcg: npt.NDArray[np.float64]
    hits: tuple[int, int]
    held: tuple[int, int]
    top: npt.NDArray[np.int32]
    shown: npt.NDArray[np.int64]

    @property
    def coverage(self) -> int:
        """How many items stand in anyone's first 20."""
        return int(np.count_nonzero(self.shown))


def judge(scores: Scores, side: Side, *, k: int = K) -> Quality:
    """Return the quality of scores [users of a slice, items], asked for the users of a side in slices.

    Equal scores rank by lower id. At the last place of a list any of the items that are equal there may stand.
    """
    judged = side.judged
    items, users = len(judged.popularity), judged.users
    k = min(k, items)
    top = np.empty((users, k), np.int32)
    found = np.zeros(len(side.asked), np.bool_)
    for start in range(0, users, _USERS_AT_ONCE):
        part = slice(start, min(start + _USERS_AT_ONCE, users))
        block = scores(part)
        rows = np.arange(part.start, part.stop)
        span = np.arange(judged.relevant.offsets[part.start], judged.relevant.offsets[part.stop])
        asked = side.asked[span]
        relevant = judged.relevant.take(rows)
        if judged.negatives is not None and asked.any():
            pairs = relevant.rows[asked], relevant.values[asked], judged.negatives[span[asked]]
            found[span[asked]] = ranks_among(block, *pairs) <= CANDIDATES_K
        hide(block, judged.seen.take(rows))
        top[part] = first(block, k)
    recall, ndcg = of_lists(top, judged)
    half = halves(judged.popularity)[judged.relevant.values]
    hits, held = (
        tuple(int(np.count_nonzero(marked & (half == number))) for number in range(len(HALVES)))
        for marked in (found, side.asked)
    )
    return Quality(recall, ndcg, (hits[0], hits[1]), (held[0], held[1]), top, np.bincount(top.ravel(), minlength=items))


def times_shown(scores: Scores, seen: Ragged, items: int, *, k: int = K) -> npt.NDArray[np.int64]:
    """Return how often each item stands in the k best that a user has not seen, int64 [items], over users of slices."""
    shown = np.zeros(items, np.int64)
    for start in range(0, len(seen), _USERS_AT_ONCE):
        part = slice(start, min(start + _USERS_AT_ONCE, len(seen)))
        block = scores(part)
        hide(block, seen.take(np.arange(part.start, part.stop)))
        shown += np.bincount(first(block, k).ravel(), minlength=items)
    return shown


def first(scores: Matrix, k: int) -> npt.NDArray[np.int32]:
    """Return the k best of every row of scores [rows, items], int32 [rows, k], best first, equal ones by lower id.

    Only the k groups of items with the largest maxima are looked into: whatever stands in the first k is there.
    """
    rows, items = scores.shape
    groups = -(-items // _GROUP)
    if groups <= k:
        return np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int32)
    # Item i is in group i modulo the number of groups, so that a maximum is taken over whole rows of memory.
    whole = items // groups
    maxima = scores[:, : whole * groups].reshape(rows, whole, groups).max(axis=1)
    rest = items - whole * groups
    np.maximum(maxima[:, :rest], scores[:, whole * groups :], out=maxima[:, :rest])
    best = np.sort(np.argpartition(-maxima, k - 1, axis=1)[:, :k], axis=1)
    ids = (best[:, None, :] + (np.arange(whole + 1) * groups)[:, None]).reshape(rows, -1)
    inside = ids < items
    values = np.where(inside, np.take_along_axis(scores, np.minimum(ids, items - 1), axis=1), -np.inf)
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(ids, order, axis=1).astype(np.int32)


def of_lists(
    top: npt.NDArray[np.int32], judged: EvaluationSet
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return recall and NDCG of every user's list [users, k], float64 [users] each: those of device_tests.metrics."""
    users, k = top.shape
    items = len(judged.popularity)
    counts = np.diff(judged.relevant.offsets)
    pairs = judged.relevant.rows.astype(np.int64) * items + judged.relevant.values
    hit = np.isin(np.arange(users)[:, None] * items + top, pairs)
    gains = 1 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([np.zeros(1), np.cumsum(gains)])[np.minimum(counts, k)]
    return hit.sum(axis=1) / counts, (hit * gains).sum(axis=1) / best
