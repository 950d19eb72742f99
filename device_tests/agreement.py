"""Whether two sets of scores say the same: two runtimes on one file, or a runtime and the NumPy decode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device_tests.errors import ModelError
from device_tests.manifest import LEAST_OVERLAP
from device_tests.ranking import overlap, top_k

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Agreement:
    """How far two scorings of the same users are apart.

    `largest_difference` is a share of the user's score range (the smaller of the two); `overlap` the mean share of the
    top k in common; `identical_lists` the share of users whose lists are equal to the last place. `order_held`: any two
    items of a user's two lists that one scoring orders and the other orders otherwise, or not at all, lie within the
    tolerance of each other, on the mean of the two. So order is held wherever every difference is within the tolerance.
    """

    largest_difference: float
    overlap: float
    order_held: bool
    identical_lists: float
    tolerance: float

    @property
    def held(self) -> bool:
        """The scorings agree: differences within tolerance, order held, overlap at least 0.98."""
        return self.largest_difference <= self.tolerance and self.order_held and self.overlap >= LEAST_OVERLAP


def agree(
    scores_a: npt.NDArray[np.floating], scores_b: npt.NDArray[np.floating], k: int, tolerance: float
) -> Agreement:
    """Compare two scorings [B, N]; items left out carry -inf in both and do not count.

    Raises ModelError for different shapes or left-out items, for NaN or infinity, and for no users at all.
    """
    if scores_a.shape != scores_b.shape or not len(scores_a):
        raise ModelError(f"scores of shape {scores_a.shape} cannot be compared with scores of shape {scores_b.shape}")
    a, b = scores_a.astype(np.float64), scores_b.astype(np.float64)
    left_out = np.isneginf(a)
    if (left_out != np.isneginf(b)).any() or not np.isfinite(a[~left_out]).all() or not np.isfinite(b[~left_out]).all():
        raise ModelError("scores that are not finite cannot be compared")
    scale = np.minimum(_range(a, left_out), _range(b, left_out))
    difference = np.abs(np.where(left_out, 0, a) - np.where(left_out, 0, b)).max(axis=1)
    share = np.divide(difference, scale, out=(difference > 0).astype(np.float64), where=scale > 0)
    lists_a, lists_b = top_k(scores_a, k), top_k(scores_b, k)
    return Agreement(
        largest_difference=float(share.max()),
        overlap=float(overlap(lists_a, lists_b).mean()),
        order_held=_order_held(a, b, np.concatenate([lists_a, lists_b], axis=1), tolerance * scale),
        identical_lists=float((lists_a == lists_b).all(axis=1).mean()),
        tolerance=tolerance,
    )


def _range(scores: npt.NDArray[np.float64], left_out: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return highest less lowest score of each row, 0 for a row with nothing in it."""
    high = np.where(left_out, -np.inf, scores).max(axis=1)
    low = np.where(left_out, np.inf, scores).min(axis=1)
    spread: npt.NDArray[np.float64] = np.where(high >= low, high - np.where(np.isfinite(low), low, 0), 0)
    return spread


def _order_held(
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    listed: npt.NDArray[np.int32],
    margin: npt.NDArray[np.float64],
) -> bool:
    step = max(1, _CHUNK // listed.shape[1] ** 2)
    for start in range(0, len(a), step):
        rows = slice(start, start + step)
        in_a = np.take_along_axis(a[rows], listed[rows], axis=1)
        in_b = np.take_along_axis(b[rows], listed[rows], axis=1)
        with np.errstate(invalid="ignore"):  # two items left out: -inf less -inf, never in opposite order
            gap_a = in_a[:, :, None] - in_a[:, None, :]
            gap_b = in_b[:, :, None] - in_b[:, None, :]
        opposite = ((gap_a > 0) & (gap_b <= 0)) | ((gap_a <= 0) & (gap_b > 0))
        apart = (np.abs(gap_a) + np.abs(gap_b)) / 2 > margin[rows, None, None]
        if (opposite & apart).any():
            return False
    return True
