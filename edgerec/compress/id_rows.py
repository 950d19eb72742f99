"""The rows that a recommender has for ids of items and users: in which layers they stand, and the same with others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.compress import layers
from edgerec.compress.masks import scores_catalogue
from edgerec.models.recommender import ModelError, Recommender, known
from edgerec.models.roles import CATALOGUE, Roles
from edgerec.models.session import session

ITEM, USER = "item", "user"


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a layer's table: of whom they are, ITEM or USER, and which row each was, -1 for a new one, [rows].

    A layer that `scores` multiplies with them, any other looks them up.
    """

    of: str
    source: NDArray[np.int64]
    scores: bool = False


def id_rows(recommender: Recommender) -> dict[str, Rows]:
    """The rows of each table that goes by items or users, as they are, by layer; what serves the catalogue comes last.

    Rows of items come before whatever else a table has, such as a history's padding. Raises ModelError where ids go
    into a layer that does anything but look them up, and where no dense layer makes the scores of a catalogue.
    """
    found = {}
    for entry in recommender.roles.inputs:
        for layer in _readers(recommender, entry.name):
            if not layers.is_table(recommender, layer.name):
                raise ModelError(
                    f"layer {layer.name} of {recommender.roles.name} takes the ids of {entry.name!r} and is no table, "
                    "so that it may know how many there are"
                )
            found[layer.name] = Rows(USER if entry.role == USER else ITEM, np.arange(int(layer.input_dim)))
    if recommender.roles.kind == CATALOGUE:
        found[_scoring(recommender)] = Rows(ITEM, np.arange(recommender.roles.items), scores=True)
    return found


def with_rows(recommender: Recommender, tables: Mapping[str, Rows], roles: Roles) -> Recommender:
    """The recommender with these rows in the named layers, new ones 0, and the roles that fit them."""
    model = recommender.model

    def resized(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name in tables:
            size = "input_dim" if layers.is_table(recommender, layer.name) else "units"
            config[size] = len(tables[layer.name].source)
        return layer.__class__.from_config(config)

    with known(model.to_json()):
        copy = session().keras.models.clone_model(model, clone_function=resized)
    for layer in copy.layers:
        before = model.get_layer(layer.name).get_weights()
        if layer.name in tables:
            # Rows come first in a table to look up in, last in the kernel and the bias of a dense layer.
            axis = 0 if layers.is_table(recommender, layer.name) else -1
            before = [_moved(values, tables[layer.name].source, axis) for values in before]
        layer.set_weights(before)
    return Recommender(roles, copy)


def _scoring(recommender: Recommender) -> str:
    found = [name for name in layers.with_kernels(recommender) if scores_catalogue(recommender, name)]
    if not found:
        raise ModelError(f"{recommender.roles.name} is {CATALOGUE}, and no dense layer makes its scores")
    return found[0]


def _readers(recommender: Recommender, name: str) -> list[Any]:
    """The layers that take an input as it comes."""
    tensors = [tensor for tensor in recommender.model.inputs if tensor.name == name]
    entrance = session().keras.layers.InputLayer
    return [
        layer
        for layer in recommender.model.layers
        for node in layer.inbound_nodes
        if not isinstance(layer, entrance)
        and any(each is tensor for tensor in tensors for each in session().tf.nest.flatten(node.input_tensors))
    ]


def _moved(values: NDArray[Any], source: NDArray[np.int64], axis: int) -> NDArray[Any]:
    moved = np.moveaxis(np.take(values, np.maximum(source, 0), axis=axis), axis, 0).copy()
    moved[source < 0] = 0
    return np.moveaxis(moved, 0, axis)
