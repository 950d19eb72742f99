"""Columns turned into the axes in which scores vary most, so that the last ones can be removed at the least cost."""

import numpy as np
from numpy.typing import NDArray

from edgerec.compress.errors import RecipeError
from edgerec.compress.structure_ties import Ties, ties
from edgerec.criteria.variance import Axes
from edgerec.models.recommender import Recommender

Columns = NDArray[np.float32]


def read_by(recommender: Recommender, name: str) -> Columns:
    """All weights that multiply the columns of a layer, [weights, width]: the table that `axes` wants.

    For the users' table of a matrix factorization it is the item table. Raises RecipeError for columns that cannot be
    turned.
    """
    blocks = [
        recommender.model.get_layer(reader).get_weights()[0][start : start + width].T
        for reader, start, width in _blocks(recommender, name)
    ]
    return np.concatenate(blocks)


def turnable(recommender: Recommender, name: str) -> bool:
    """Whether the columns of a layer can be turned: everything is linear in them, and they are tied to no other's."""
    return _hindrance(ties(recommender), name) is None


def turned(recommender: Recommender, name: str, axes: Axes) -> Recommender:
    """The recommender with the columns of layer `name` in other axes: other weights, the same outputs.

    What the layer makes goes to the axes by `axes.back`, and the kernels that read it by `axes.forward`. Raises
    RecipeError for columns that something is not linear in, and for those that are tied to another layer's.
    """
    blocks = _blocks(recommender, name)
    copy = recommender.clone()
    maker = copy.model.get_layer(name)
    kernel, *rest = maker.get_weights()
    width = kernel.shape[1]
    if axes.back.shape != (width, width):
        raise RecipeError(f"axes have shape {axes.back.shape}, expected ({width}, {width}) for the columns of {name}")
    maker.set_weights([_float32(values @ axes.back) for values in (kernel, *rest)])
    for reader, start, _ in blocks:
        layer = copy.model.get_layer(reader)
        weights = layer.get_weights()
        weights[0][start : start + width] = axes.forward.T @ weights[0][start : start + width]
        layer.set_weights(weights)
    return copy


def _blocks(recommender: Recommender, name: str) -> list[tuple[str, int, int]]:
    """Where the kernels' rows begin that multiply a layer's columns, all of them and in order: layer, row, width."""
    found = ties(recommender)
    if name not in found.made:
        raise RecipeError(f"no layer {name!r} makes columns; those that do are {', '.join(found.made)}")
    if hindrance := _hindrance(found, name):
        raise RecipeError(f"columns of layer {name} cannot be turned: {hindrance}")
    made = found.made[name]
    width, blocks = len(made), []
    for reader, rows in found.taken.items():
        starts = np.flatnonzero(rows == made[0]).tolist()
        blocks += [(reader, start, width) for start in starts if np.array_equal(rows[start : start + width], made)]
    return blocks


def _hindrance(found: Ties, name: str) -> str | None:
    made = found.made[name]
    told = [why[root] for why in (found.bent, found.fixed) for root in made.tolist() if root in why]
    if told:
        return f"{told[0]}; take a criterion that turns none"
    tied = [other for other, each in found.made.items() if other != name and np.isin(each, made).any()]
    return f"they only go with those of {', '.join(tied)}" if tied else None


def _float32(values: NDArray[np.float64]) -> Columns:
    return values.astype(np.float32)
