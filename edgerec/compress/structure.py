"""Embedding columns and units removed for real: a smaller model that answers as if they were zero."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress.errors import RecipeError
from edgerec.compress.structure_ties import Ties, ties
from edgerec.compress.structure_weights import narrowed, sliced
from edgerec.models.recommender import Recommender, known
from edgerec.models.session import session
from edgerec.suggestion import did_you_mean

Indices = NDArray[Any]


def removable(recommender: Recommender) -> dict[str, int]:
    """The layers that make columns of which any could go, and how many each makes: tables, dense layers and GRUs."""
    found = ties(recommender)
    return {name: len(made) for name, made in found.made.items() if found.fixed.keys().isdisjoint(made.tolist())}


def remove(recommender: Recommender, kept: Mapping[str, Indices]) -> Recommender:
    """The recommender with only the columns `kept` by each named layer, and what is tied to the others gone with them.

    `kept` holds column indices of a table, or unit indices of a dense layer or GRU, in any order. Every layer that is
    touched is sliced: its outputs equal those of the model in which the removed columns are zero. Raises RecipeError
    for a layer or index that is not there, for nothing kept, for a column that is tied to one which should stay, and
    for columns that cannot go, such as those of a LayerNormalization.
    """
    found = ties(recommender)
    removed: set[int] = set()
    for name, indices in kept.items():
        _refuse_indices(name, indices, found)
        removed.update(np.delete(found.made[name], indices).tolist())
    for name, indices in kept.items():
        _refuse_contradiction(name, indices, removed, found)
    for name, made in found.made.items():
        for root in made.tolist():
            if root in removed and root in found.fixed:
                raise RecipeError(
                    f"a column of layer {name} cannot be removed: {found.fixed[root]}; keep all columns that it touches"
                )
        if removed.issuperset(made.tolist()):
            raise RecipeError(f"nothing of layer {name} would be left: keep a column of it, or of what is tied to it")
    left = _left(found.made, removed), _left(found.taken, removed)
    return _rebuilt(recommender, *left)


def with_what_is_tied(
    recommender: Recommender, saliencies: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[np.float64]]:
    """The saliency of every column [width] by layer, summed over the named layers' columns that go with it.

    Ranked by it, tied layers keep the same columns. Raises RecipeError for a layer that makes no columns, and a
    saliency of another width.
    """
    found = ties(recommender)
    sums: dict[int, float] = {}
    for name, values in saliencies.items():
        _refuse_layer(name, found)
        if values.shape != found.made[name].shape:
            raise RecipeError(
                f"saliency of layer {name} has shape {values.shape}, expected ({len(found.made[name])},), one a column"
            )
        for root, value in zip(found.made[name].tolist(), values.tolist(), strict=True):
            sums[root] = sums.get(root, 0.0) + value
    return {name: np.array([sums[root] for root in found.made[name].tolist()]) for name in saliencies}


def _left(labels: Mapping[str, NDArray[np.int64]], removed: set[int]) -> dict[str, NDArray[np.int64]]:
    gone = np.array(sorted(removed), np.int64)
    return {name: np.flatnonzero(~np.isin(each, gone)) for name, each in labels.items()}


def _rebuilt(
    recommender: Recommender, made: Mapping[str, NDArray[np.int64]], taken: Mapping[str, NDArray[np.int64]]
) -> Recommender:
    model = recommender.model

    def smaller(layer: Any) -> Any:
        width = len(made[layer.name]) if layer.name in made else None
        return layer.__class__.from_config(narrowed(layer, width))

    with known(model.to_json()):
        copy = session().keras.models.clone_model(model, clone_function=smaller)
    for layer in copy.layers:
        given = model.get_layer(layer.name)
        layer.set_weights(
            sliced(given, made[layer.name], taken.get(layer.name)) if layer.name in made else given.get_weights()
        )
    return recommender.with_model(copy)


def _refuse_layer(name: str, found: Ties) -> None:
    if name not in found.made:
        others = tuple(found.made)
        raise RecipeError(
            f"no layer {name!r} makes columns{did_you_mean(name, others)}; those that do are {', '.join(others)}"
        )


def _refuse_indices(name: str, indices: Indices, found: Ties) -> None:
    _refuse_layer(name, found)
    width = len(found.made[name])
    values = np.asarray(indices)
    fits = values.ndim == 1 and len(values) > 0 and values.dtype.kind in "iu"
    if not fits or values.min() < 0 or values.max() >= width or len(np.unique(values)) != len(values):
        raise RecipeError(
            f"layer {name} should keep columns {values.tolist()}, expected one or more different numbers from 0 to "
            f"{width - 1}"
        )


def _refuse_contradiction(name: str, indices: Indices, removed: set[int], found: Ties) -> None:
    for index in np.sort(indices).tolist():
        if int(found.made[name][index]) in removed:
            raise RecipeError(
                f"column {index} of layer {name} should stay, and one that only goes with it should not: keep the same "
                "columns of layers that are multiplied or added"
            )
