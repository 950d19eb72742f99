"""What is kept of what a criterion ranked: exactly so much, ties by lower index."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.criteria.errors import CriterionError
from edgerec.suggestion import did_you_mean

TENSOR, PER_ROW, GLOBAL = "tensor", "row", "global"
RANKINGS = (TENSOR, PER_ROW, GLOBAL)

Saliencies = Mapping[str, NDArray[Any]]
Masks = dict[str, NDArray[np.bool_]]


def keep(saliencies: Saliencies, *, share: float | None = None, count: int | None = None, per: str = TENSOR) -> Masks:
    """What is kept, bool of each saliency's shape: the highest `count`, or the nearest whole number to `share`.

    per = "tensor": of each by itself; "row": of every row [rows, columns] by itself; "global": of all together. At
    least one is kept. The lower index wins a tie, the name that comes first before the others. Raises CriterionError
    for a share that is not above 0 and at most 1, a count of none or more than there are, and NaN.
    """
    if per not in RANKINGS:
        raise CriterionError(f"ranking is per {per!r}, expected {', '.join(RANKINGS)}{did_you_mean(per, RANKINGS)}")
    for name, values in saliencies.items():
        if np.isnan(values).any():
            raise CriterionError(f"saliency of {name} holds {int(np.isnan(values).sum())} NaN, expected numbers")
    if per == GLOBAL:
        together = np.concatenate([values.reshape(-1) for values in saliencies.values()])
        masks = np.split(
            _highest(together[None, :], share, count)[0], np.cumsum([each.size for each in saliencies.values()])[:-1]
        )
        return {
            name: mask.reshape(values.shape) for (name, values), mask in zip(saliencies.items(), masks, strict=True)
        }
    return {name: _of_one(name, values, share, count, per) for name, values in saliencies.items()}


def kept_indices(saliency: NDArray[Any], *, share: float | None = None, count: int | None = None) -> NDArray[np.int64]:
    """The indices that `keep` keeps of one saliency [n], ascending."""
    return np.flatnonzero(keep({"it": saliency}, share=share, count=count)["it"])


def _of_one(name: str, values: NDArray[Any], share: float | None, count: int | None, per: str) -> NDArray[np.bool_]:
    if per == PER_ROW:
        if values.ndim != 2:  # noqa: PLR2004
            raise CriterionError(
                f"saliency of {name} has shape {values.shape}, expected [rows, columns] to rank per row"
            )
        return _highest(values, share, count)
    return _highest(values.reshape(1, -1), share, count).reshape(values.shape)


def _highest(values: NDArray[Any], share: float | None, count: int | None) -> NDArray[np.bool_]:
    """The highest of each row [rows, n], as many as asked for."""
    size = values.shape[1]
    wanted = _wanted(share, count, size)
    if wanted == size:
        return np.ones(values.shape, np.bool_)
    least = np.partition(values, size - wanted, axis=1)[:, size - wanted, None]
    above, level = values > least, values == least
    room = wanted - above.sum(axis=1, keepdims=True)
    kept: NDArray[np.bool_] = above | (level & (np.cumsum(level, axis=1) <= room))
    return kept


def _wanted(share: float | None, count: int | None, size: int) -> int:
    if (share is None) == (count is None):
        raise CriterionError(f"share is {share} and count is {count}, expected one of the two")
    if share is not None:
        if not 0 < share <= 1:
            raise CriterionError(f"share to keep is {share:g}, expected above 0 and at most 1")
        return max(1, round(share * size))
    if count is None or not 1 <= count <= size:
        raise CriterionError(f"count to keep is {count}, expected 1 to {size}")
    return count
