"""Ranking for every evaluation user: of each held-out item in full and among candidates; all metrics follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Protocol

import numpy as np
import numpy.typing as npt

from device_tests import ranking
from device_tests.metrics import coverage_depth
from device_tests.ragged import Ragged
from device_tests.report import Quality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_tests.evaluation import EvaluationSet


class Scorer(Protocol):
    """What gives a score to every item, for as many users at a time as `batch`."""

    @property
    def batch(self) -> int:
        """Users in one call."""
        ...

    def score_catalogue(self, inputs: Mapping[str, ranking.Ids], rows: npt.NDArray[np.integer]) -> ranking.Scores:
        """Return the scores of the users at `rows` of the inputs, float32 [rows, items], in an array of their own."""
        ...


def measure(
    scorer: Scorer, evaluation: EvaluationSet, k: int, *, counted_users: Optional[int] = None
) -> tuple[Quality, ranking.Ids]:
    """Return the quality and every user's top k, int32 [users, k]; items seen or dropped come last in a list.

    A held-out item that was dropped ranks behind all others: it is a miss, in every list and among any candidates.
    Distinct scores are counted for at most `counted_users`, evenly spaced, all when None: that sorts every score.
    Raises ModelError when a score is NaN, k is not 1 to the items, or the runtime fails.
    """
    catalogue, kept = len(evaluation.popularity), evaluation.kept
    items = catalogue if kept is None else len(kept)
    ranking.refuse_k(k, items)
    lost = np.isin(evaluation.relevant.values, np.arange(catalogue) if kept is None else kept, invert=True)
    lists = np.empty((evaluation.users, k), np.int32)
    ranks = np.empty(len(evaluation.relevant.values), np.int32)
    negatives = evaluation.negatives
    candidate_ranks = np.empty(0 if negatives is None else len(ranks), np.int32)
    depth = coverage_depth(k, items)
    places = np.full(catalogue, depth + 1, np.int32)
    distinct, counted = 0, np.zeros(evaluation.users, bool)
    counted[:: max(1, -(-evaluation.users // counted_users)) if counted_users else 1] = True
    for start in range(0, evaluation.users, scorer.batch):
        end = min(start + scorer.batch, evaluation.users)
        rows = np.arange(start, end)
        scores = scorer.score_catalogue(evaluation.inputs, rows)
        ranking.refuse_nan(scores)
        distinct += _distinct(scores[counted[start:end]])
        scores = ranking.spread(scores, kept, catalogue)
        relevant = _part(evaluation.relevant, start, end)
        held_out = slice(*evaluation.relevant.offsets[[start, end]])
        if negatives is not None:  # before anything is hidden
            candidate_ranks[held_out] = ranking.ranks_among(scores, relevant.rows, relevant.values, negatives[held_out])
        ranking.hide(scores, _part(evaluation.seen, start, end))
        best = ranking.top_k(scores, depth)
        lists[rows] = best[:, :k]
        shown = np.isfinite(np.take_along_axis(scores, best, axis=1))
        places = np.minimum(places, ranking.best_places(best, shown, catalogue))
        ranks[held_out] = ranking.ranks_of(scores, relevant.rows, relevant.values)
    ranks[lost] = items + 1
    if negatives is not None:
        candidate_ranks[lost] = 1 + negatives.shape[1]
    quality = Quality(
        k=k,
        items=items,
        users=evaluation.users,
        offsets=tuple(evaluation.relevant.offsets.tolist()),
        ranks=tuple(ranks.tolist()),
        recommended_items=tuple(ranking.recommended_items(places, depth).tolist()),
        distinct_scores=distinct / max(1, int(counted.sum())),
        segments=evaluation.segments(),
        negatives=0 if negatives is None else negatives.shape[1],
        candidate_ranks=tuple(candidate_ranks.tolist()),
        dropped=catalogue - items,
    )
    return quality, lists


def _part(lists: Ragged, first: int, end: int) -> Ragged:
    """Return consecutive lists without copying their values."""
    offsets = lists.offsets[first : end + 1]
    return Ragged(offsets - offsets[0], lists.values[offsets[0] : offsets[-1]])


def _distinct(scores: ranking.Scores) -> int:
    """Return the number of different scores in each row, summed over the rows."""
    ordered = np.sort(scores, axis=1)
    return len(scores) + int((ordered[:, 1:] != ordered[:, :-1]).sum())
