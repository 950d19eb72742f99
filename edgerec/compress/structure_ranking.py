"""Columns and units ranked by any criterion, together with those that only go with them."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from edgerec.compress.masks import scores_catalogue, table_of
from edgerec.compress.recipe import RecipeError
from edgerec.compress.structure import with_what_is_tied
from edgerec.compress.structure_ties import ties
from edgerec.compress.structure_weights import makers
from edgerec.criteria.criterion import COLUMN, Criterion, saliency
from edgerec.criteria.statistics import Statistics
from edgerec.models.recommender import Recommender

OF_VECTORS = {"vectors", "labelled", "second_moment"}  # what is told of the table that the vectors multiply


def ranked_columns(
    recommender: Recommender, criterion: Criterion, names: Collection[str], statistics: Mapping[str, Statistics]
) -> dict[str, NDArray[np.float64]]:
    """The saliency of each column [width] of the named layers, summed over columns that only go together.

    A criterion ranks a layer's columns in the weights that make them; one that needs the vectors which a table is
    multiplied by ranks them in the kernel that scores the catalogue, where the layer's columns are those vectors.
    `statistics` are of those kernels, as `evidence` gives them. Raises RecipeError for a layer whose columns the
    scoring kernel does not read, and CriterionError for what the criterion lacks.
    """
    of_vectors = not OF_VECTORS.isdisjoint(criterion.needs)
    found = {}
    for name in names:
        if of_vectors:
            scoring = _scored_by(recommender, name)
            weights = table_of(recommender, scoring, makers(recommender.model.get_layer(scoring)))
            found[name] = saliency(criterion, weights, statistics.get(scoring, Statistics()), COLUMN)
        else:
            weights = makers(recommender.model.get_layer(name))
            found[name] = saliency(criterion, weights, statistics.get(name, Statistics()), COLUMN)
    return with_what_is_tied(recommender, found)


def _scored_by(recommender: Recommender, name: str) -> str:
    """The layer that scores the catalogue with exactly the columns of a layer."""
    found = ties(recommender)
    for reader, rows in found.taken.items():
        if scores_catalogue(recommender, reader) and np.array_equal(rows, found.made.get(name, ())):
            return reader
    raise RecipeError(
        f"columns of layer {name} are not the vectors that a scoring kernel multiplies: rank them by magnitude or "
        "gradient"
    )
