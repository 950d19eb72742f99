"""How well a table of a matrix factorization ranks, in NumPy: over the whole catalogue, and among candidates."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.factor_data import Side
from converters.tables.coded import Coded
from device_tests import quality
from device_tests.ragged import Ragged
from device_tests.ranking import Ids, hide, top_k
from device_tests.report import Quality
from edgerec.data.interactions import Interactions
from edgerec.search.coded_scores import Scores, dense_scores, scores_of

K = 20
CANDIDATES_K = 10
_USERS_AT_ONCE = 256
_COUNTED_USERS = 1

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ranker:
    """What scores the users of a side with `vectors` [users, columns]: row r of the table is item order[r].

    An item without a row is never recommended.
    """

    scores: Scores
    vectors: Matrix
    items: int
    order: npt.NDArray[np.int64]
    batch: int = _USERS_AT_ONCE

    def score_catalogue(self, inputs: Mapping[str, Ids], rows: npt.NDArray[np.integer]) -> Matrix:
        """Return the scores of the users at `rows` by item, float32 [rows, items]."""
        del inputs
        by_row = self.scores(self.vectors[rows])
        if len(self.order) == self.items and bool((self.order == np.arange(self.items)).all()):
            return by_row
        by_item = np.full((len(rows), self.items), -np.inf, np.float32)
        by_item[:, self.order] = by_row
        return by_item


def judge(
    scores: Scores, users: Matrix, side: Side, order: npt.NDArray[np.int64] | None = None
) -> tuple[Quality, npt.NDArray[np.int32]]:
    """Return the quality of scores with vectors of all users [users, columns], and the first 20 of those who judge."""
    items = len(side.judged.popularity)
    ranker = Ranker(scores, users[side.users], items, np.arange(items) if order is None else order)
    return quality.measure(ranker, side.judged, min(K, items), counted_users=_COUNTED_USERS)


def judge_coded(coded: Coded, users: Matrix, side: Side, order: npt.NDArray[np.int64] | None = None) -> Quality:
    """Return the quality of a coded table as it ships."""
    return judge(scores_of(coded), users, side, order)[0]


def judge_float(items: Matrix, users: Matrix, side: Side) -> Quality:
    """Return the quality of a float32 table."""
    return judge(dense_scores(items, rounded=False), users, side)[0]


def best_unseen(items: Matrix, users: Matrix, seen: Interactions, k: int) -> Ids:
    """Return the k best items that every user who saw any has not seen, int32 [users who saw any, k]."""
    known = np.flatnonzero(np.diff(seen.offsets))
    of_known = Ragged(seen.offsets.astype(np.int32), seen.item).take(known)
    lists = np.empty((len(known), min(k, len(items))), np.int32)
    for start in range(0, len(known), _USERS_AT_ONCE):
        rows = np.arange(start, min(start + _USERS_AT_ONCE, len(known)))
        block = users[known[rows]] @ items.T
        hide(block, of_known.take(rows))
        lists[rows] = top_k(block, lists.shape[1])
    return lists
