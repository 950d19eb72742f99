"""Rows of a table that need no row of their own: a criterion says which, and an index says which rows share one."""

import numpy as np
from numpy.typing import NDArray

from edgerec.compress.errors import RecipeError
from edgerec.criteria.criterion import Saliency
from edgerec.criteria.selection import kept_indices

Index = NDArray[np.int32]
Rows = NDArray[np.float32]


def shared_rows(saliency: Saliency, own: int, groups: NDArray[np.integer] | None = None) -> Index:
    """Which row of a smaller table each row uses, int32 [rows], every number from 0 on used by somebody.

    The `own` rows of the highest saliency [rows] have the first rows to themselves, in their order. The others share:
    one row for each value that `groups` [rows] has among them, in the order of the values, or one row in all without
    groups. Ties go by lower index. Raises RecipeError for no row of their own or as many as there are, and groups of
    another length.
    """
    rows = len(saliency)
    if not 1 <= own < rows:
        raise RecipeError(f"own is {own}, expected 1 to {rows - 1} of {rows} rows: nothing is shared beyond that")
    if groups is None:
        groups = np.zeros(rows, np.int32)
    if groups.shape != (rows,):
        raise RecipeError(f"groups have shape {groups.shape}, expected ({rows},), one for each row")
    kept = kept_indices(saliency, count=own)
    others = np.setdiff1d(np.arange(rows), kept)
    index = np.empty(rows, np.int32)
    index[kept] = np.arange(own)
    index[others] = own + np.unique(groups[others], return_inverse=True)[1].reshape(-1)
    return index


def with_twins(saliency: Saliency, own: int, twin: NDArray[np.integer]) -> Index:
    """Which row of a smaller table each row uses, int32 [rows], where the others use the row of their nearest twin.

    `twin` [rows] names a row for each, as `criteria.co_occurrence.twins` does; a twin without a row of its own passes
    on to its twin. What comes back to itself so, or goes round, shares one last row with all of that kind. Raises
    RecipeError as `shared_rows` does.
    """
    index = shared_rows(saliency, own)
    if twin.shape != index.shape:
        raise RecipeError(f"twins have shape {twin.shape}, expected {index.shape}, one for each row")
    reached = np.where(index < own, np.arange(len(index)), twin)
    for _ in range(int(np.ceil(np.log2(max(len(index), 2))))):  # each round doubles how far a chain is followed
        reached = reached[reached]
    found: Index = index[reached]
    return found


def of_shared(
    table: NDArray[np.floating], index: Index, weights: NDArray[np.number] | None = None
) -> NDArray[np.float32]:
    """The smaller table, float32 [shared, columns]: the mean of the rows that use each, by `weights` [rows] if given.

    Rows of their own stay as they are; a row whose users all weigh 0 is their plain mean.
    """
    heavy = np.ones(len(index)) if weights is None else weights.astype(np.float64)
    count = int(index.max()) + 1
    heavy = np.where(np.bincount(index, heavy, count)[index] > 0, heavy, 1.0)
    sums = np.zeros((count, table.shape[1]))
    np.add.at(sums, index, table * heavy[:, None])
    means: Rows = (sums / np.bincount(index, heavy, count)[:, None]).astype(np.float32)
    return means
