"""From scores to lists and ranks: higher scores first, ties by lower id, whatever a runtime or a sort happens to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from device_tests.errors import ModelError

if TYPE_CHECKING:
    from device_tests.ragged import Ragged

Ids = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]

_CHUNK = 1 << 22  # scores looked at in one step, so that long lists of candidates need little memory
_BLOCK = 256  # scores of which only the greatest is looked at first


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


def spread(scores: Scores, kept: Optional[Ids], catalogue: int) -> Scores:
    """Return the scores [B, kept] as those of the whole catalogue, float32 [B, catalogue]; -inf for what was dropped.

    `kept` names the item that each score is of; with None every item has one, and the scores come back as they are.
    """
    if kept is None:
        return scores
    whole: Scores = np.full((len(scores), catalogue), -np.inf, np.float32)
    whole[:, kept] = scores
    return whole


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
    for row, own in enumerate(scores):
        candidates = np.flatnonzero(own >= _reached(own, k))
        best = np.argsort(-own[candidates], kind="stable")[:k]
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


def _reached(scores: npt.NDArray[np.floating], k: int) -> np.floating:
    """Return a score that at least k of the scores [N] reach, and in a large catalogue not many more.

    It is the k-th greatest of the scores, or of the greatest of each block of them: those too are k different scores.
    """
    blocks = len(scores) // _BLOCK
    looked_at = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1) if blocks >= k else scores
    least: np.floating = np.partition(looked_at, len(looked_at) - k)[len(looked_at) - k]
    return least


def ranks_of(scores: npt.NDArray[np.floating], rows: npt.NDArray[np.integer], items: npt.NDArray[np.integer]) -> Ids:
    """Return the 1-based rank of items[m] in scores[rows[m]] as int32 [M], under the tie rule of `top_k`.

    Raises ModelError when a score is NaN.
    """
    refuse_nan(scores)
    ranks = np.empty(len(items), np.int32)
    for place, (row, item) in enumerate(zip(rows.tolist(), items.tolist())):
        against = scores[row]
        own = against[item]
        ranks[place] = 1 + np.count_nonzero(against > own) + np.count_nonzero(against[:item] == own)
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
