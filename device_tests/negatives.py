"""Negatives out of a bundle: whether each can be one that its held-out item is ranked among."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from device_tests.errors import BundleError
from device_tests.popularity import halves

if TYPE_CHECKING:
    from device_tests.evaluation import EvaluationSet

Ids = npt.NDArray[np.int32]

_ROWS_AT_ONCE = 1 << 14


def checked_negatives(negatives: Ids, evaluation: EvaluationSet, where: str) -> Ids:
    """Return the negatives [held-out items, n] of a set; BundleError unless each can be one of its held-out item."""
    relevant, items = evaluation.relevant, len(evaluation.popularity)
    if not 1 <= negatives.shape[1] < items:
        raise BundleError(f"{where} should have 1 to {items - 1} items a row, not {negatives.shape[1]}")
    both = (evaluation.seen, relevant)
    taken = np.unique(np.concatenate([each.rows.astype(np.int64) * items + each.values for each in both]))
    half, rows = halves(evaluation.popularity), relevant.rows
    for start in range(0, len(negatives), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        own, user = negatives[part], rows[part, None].astype(np.int64)
        wrong = {
            "an item twice": (np.diff(np.sort(own, axis=1), axis=1) == 0).any(axis=1),
            "an item that the user has seen or held out": np.isin(user * items + own, taken).any(axis=1),
            "an item of the other popularity half": (half[own] != half[relevant.values[part], None]).any(axis=1),
        }
        for what, found in wrong.items():
            if found.any():
                raise BundleError(f"{where} holds {what} in row {start + int(np.argmax(found))}")
    return negatives
