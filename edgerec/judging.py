"""A scorer judged on an evaluation set: lists and ranks over what each user has not seen, from scores in NumPy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device_tests import metrics
from device_tests.evaluation import EvaluationSet
from device_tests.metrics import Metric
from device_tests.ranking import Ids, Scores, hide, ranks_of, top_k

Rows = npt.NDArray[np.integer]
Scorer = Callable[[Rows], Scores]
"""Takes rows of an evaluation set [B] and returns a score for every item, float32 [B, items]."""

ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Judged:
    """Where a scorer ranks every held-out item, int32, aligned with `evaluation.relevant.values`: 1 is the best."""

    offsets: Ids
    ranks: Ids

    def per_user(self, metric: Metric, k: int) -> tuple[float, ...]:
        """Give one value of a metric at k for each user with a held-out item."""
        return metrics.per_user(metric, self.offsets.tolist(), self.ranks.tolist(), k)

    def mean(self, metric: Metric, k: int) -> float:
        """Give the mean of a metric at k over the users; ValueError when no user has a held-out item."""
        return metrics.mean(metric, self.offsets.tolist(), self.ranks.tolist(), k)


def judge(scorer: Scorer, evaluation: EvaluationSet, *, rows_at_once: int = ROWS_AT_ONCE) -> Judged:
    """Rank every held-out item among what its user has not seen, ties by lower id.

    Raises ModelError when a score is NaN.
    """
    relevant, every = evaluation.relevant, np.arange(evaluation.users)
    ranks = np.empty(len(relevant.values), np.int32)
    for part, scores in _unseen(scorer, evaluation, every, rows_at_once):
        first, end = relevant.offsets[part[0]], relevant.offsets[part[-1] + 1]
        held_out = relevant.take(part)
        ranks[first:end] = ranks_of(scores, held_out.rows, held_out.values)
    return Judged(relevant.offsets, ranks)


def lists(
    scorer: Scorer, evaluation: EvaluationSet, k: int, rows: Rows | None = None, *, rows_at_once: int = ROWS_AT_ONCE
) -> Ids:
    """Give the k best items that each of these rows (all when left out) has not seen, int32 [rows, k], best first.

    Raises ModelError when a score is NaN or k is not 1 to the items.
    """
    chosen = np.arange(evaluation.users) if rows is None else rows
    best = [top_k(scores, k) for _, scores in _unseen(scorer, evaluation, chosen, rows_at_once)]
    return np.concatenate([np.empty((0, k), np.int32), *best])


def _unseen(scorer: Scorer, evaluation: EvaluationSet, rows: Rows, rows_at_once: int) -> Iterator[tuple[Rows, Scores]]:
    """Give rows in parts, and their scores with what each has seen hidden, in an array of our own."""
    for start in range(0, len(rows), rows_at_once):
        part = rows[start : start + rows_at_once]
        scores = np.array(scorer(part), np.float32)
        hide(scores, evaluation.seen.take(part))
        yield part, scores
