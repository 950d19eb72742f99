"""From scores to lists and ranks: higher scores first, ties by lower id, whatever a runtime or a sort happens to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from device_tests.errors import ModelError

if TYPE_CHECKING:
    from device_tests.evaluation import Ragged

Ids = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]

_CHUNK = 1 << 22  # scores looked at in one step, so that a large catalogue needs little memory


def refuse_nan(scores: npt.NDArray[np.floating]) -> None:
    """Raise ModelError when a score [rows, items] is NaN, naming the first."""
    bad = np.isnan(scores)
    if bad.any():
        row, item = np.argwhere(bad)[0]
        raise ModelError(f"the model scored NaN ({int(bad.sum())} scores, the first for item {item} of row {row})")


def refuse_k(k: int, items: int) -> None:
    """Raise ModelError when a list of k items cannot be made."""
    if not 1 <= k <= items:
        raise ModelError(f"k should be 1 to {items} (the items), not {k}")


def hide(scores: Scores, seen: Ragged) -> None:
    """Set the scores [B, items] of the items in each row's list to -inf, in place."""
    scores[seen.rows, seen.values] = -np.inf


def top_k(scores: npt.NDArray[np.floating], k: int) -> Ids:
    """Return the ids of the k best of every row of scores [B, N] as int32 [B, k], best first, ties by lower id.

    Items left out carry -inf and come last, by id. Raises ModelError when a score is NaN or k is not 1 to N.
    """
    rows, items = scores.shape
    refuse_k(k, items)
    refuse_nan(scores)
    result = np.empty((rows, k), np.int32)
    least = np.partition(scores, items - k, axis=1)[:, items - k] if rows else scores[:, 0]
    for row in range(rows):
        candidates = np.flatnonzero(scores[row] >= least[row])
        best = np.argsort(-scores[row, candidates], kind="stable")[:k]
        result[row] = candidates[best]
    return result


def best_places(lists: Ids, shown: npt.NDArray[np.bool_], items: int) -> Ids:
    """Return the best 1-based place of every item in lists [B, k], int32 [items]; k + 1 where it stands in none.

    A place counts where `shown`, bool [B, k], says so.
    """
    depth = lists.shape[1]
    places = np.full(items, depth + 1, np.int32)
    for place in range(depth, 0, -1):
        places[lists[shown[:, place - 1], place - 1]] = place
    return places


def recommended_items(places: Ids, k: int) -> Ids:
    """Return how many items have a place in [1, j], for every j from 1 to k: int32 [k]."""
    return np.bincount(places, minlength=k + 1)[1 : k + 1].cumsum().astype(np.int32)


def ranks_of(scores: npt.NDArray[np.floating], rows: npt.NDArray[np.integer], items: npt.NDArray[np.integer]) -> Ids:
    """Return the 1-based rank of items[m] in scores[rows[m]] as int32 [M], under the tie rule of `top_k`.

    Raises ModelError when a score is NaN.
    """
    refuse_nan(scores)
    ranks = np.empty(len(items), np.int32)
    ids = np.arange(scores.shape[1])
    step = max(1, _CHUNK // max(1, scores.shape[1]))
    for start in range(0, len(items), step):
        part = slice(start, start + step)
        item = items[part, None]
        against = scores[rows[part]]
        own = np.take_along_axis(against, item, axis=1)
        before = (against > own) | ((against == own) & (ids < item))
        ranks[part] = 1 + before.sum(axis=1)
    return ranks


def ranks_among(
    scores: npt.NDArray[np.floating], rows: npt.NDArray[np.integer], items: npt.NDArray[np.integer], others: Ids
) -> Ids:
    """Return the 1-based rank of items[m] among itself and others[m] in scores[rows[m]] as int32 [M].

    `others` is int32 [M, n]; ties as in `top_k`. The scores hold no NaN.
    """
    ranks = np.empty(len(items), np.int32)
    step = max(1, _CHUNK // max(1, others.shape[1]))
    for start in range(0, len(items), step):
        part = slice(start, start + step)
        row, item, other = rows[part, None], items[part, None], others[part]
        own, against = scores[row, item], scores[row, other]
        ranks[part] = 1 + ((against > own) | ((against == own) & (other < item))).sum(axis=1)
    return ranks


def overlap(first: Ids, second: Ids) -> npt.NDArray[np.float64]:
    """Return the share of ids that two lists [B, k] have in common, in any order, as float64 [B]."""
    if first.shape != second.shape:
        raise ModelError(f"lists of shape {first.shape} cannot be compared with lists of shape {second.shape}")
    both = np.sort(np.concatenate([first, second], axis=1), axis=1)
    common: npt.NDArray[np.float64] = (both[:, 1:] == both[:, :-1]).sum(axis=1) / first.shape[1]
    return common
