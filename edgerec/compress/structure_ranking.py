"""Columns and units ranked by any criterion, together with those that only go with them."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from edgerec.compress.errors import RecipeError
from edgerec.compress.structure import with_what_is_tied
from edgerec.compress.structure_evidence import ranks_by_readers, readers
from edgerec.compress.structure_ties import ties
from edgerec.compress.structure_weights import makers
from edgerec.criteria.criterion import COLUMN, Criterion, saliency
from edgerec.criteria.statistics import Statistics
from edgerec.models.recommender import Recommender

Kept = dict[str, NDArray[np.int64]]  # columns by layer name


def ranked_columns(
    recommender: Recommender, criterion: Criterion, names: Collection[str], statistics: Mapping[str, Statistics]
) -> dict[str, NDArray[np.float64]]:
    """The saliency of each column [width] of the named layers, summed over columns that only go together.

    A criterion ranks a layer's columns in the weights that make them; one that needs what a kernel multiplies ranks
    them in the kernels that read them, summed over those. `statistics` are as `column_evidence` gives them. Raises
    RecipeError for a layer with a column that no such kernel reads, and CriterionError for what the criterion lacks.
    """
    if ranks_by_readers(criterion):
        return _by_readers(recommender, criterion, names, statistics)
    found = {
        name: saliency(criterion, makers(recommender.model.get_layer(name)), statistics.get(name, Statistics()), COLUMN)
        for name in names
    }
    return with_what_is_tied(recommender, found)


def left(ranked: Mapping[str, NDArray[np.float64]], made: Mapping[str, NDArray[np.int64]], remove: float) -> Kept:
    """The columns of each layer, ascending, that stay when a share `remove` of those of the lowest saliency goes.

    `made` numbers the columns of each layer as `structure_ties.ties` does: those of one number stay or go together, as
    the first layer that has them ranks them.
    """
    stays: dict[int, bool] = {}
    kept = {}
    for name, values in ranked.items():
        roots = made[name].tolist()
        free = [column for column, root in enumerate(roots) if root not in stays]
        wanted = columns_left(len(roots), remove) - sum(stays.get(root, False) for root in roots)
        highest = np.argsort(-values[free], kind="stable")[: max(0, wanted)]
        stays.update({roots[column]: place in highest for place, column in enumerate(free)})
        kept[name] = np.flatnonzero([stays[root] for root in roots])
    return kept


def columns_left(width: int, remove: float) -> int:
    """How many of so many columns are left, to the nearest whole one."""
    return round((1 - remove) * width)


def _by_readers(
    recommender: Recommender, criterion: Criterion, names: Collection[str], statistics: Mapping[str, Statistics]
) -> dict[str, NDArray[np.float64]]:
    found = ties(recommender)
    wanted = {root for name in names for root in found.made[name].tolist()}
    sums: dict[int, float] = {}
    for reader in readers(recommender, criterion):
        roots = found.taken[reader].tolist()
        if wanted.isdisjoint(roots):
            continue
        kernel = recommender.model.get_layer(reader).get_weights()[0].T
        for root, value in zip(
            roots, saliency(criterion, kernel, statistics.get(reader, Statistics()), COLUMN).tolist(), strict=True
        ):
            sums[root] = sums.get(root, 0.0) + value
    for name in names:
        if not sums.keys() >= set(found.made[name].tolist()):
            raise RecipeError(
                f"columns of layer {name} are not what a kernel reads in which {criterion.name} ranks: rank them by "
                "magnitude or gradient"
            )
    return {name: np.array([sums[root] for root in found.made[name].tolist()]) for name in names}
