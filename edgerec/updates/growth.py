"""A recommender with room for more items and users: every row keeps its number, new ones come behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_tests.manifest import Input
from edgerec.compress import layers
from edgerec.compress.masks import scores_catalogue
from edgerec.models.recommender import Recommender, known
from edgerec.models.roles import CATALOGUE
from edgerec.models.session import session
from edgerec.updates.errors import UpdateError

ITEM, USER = "item", "user"


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a layer's table: of whom they are, ITEM or USER, and which row each was, -1 for a new one, [rows].

    A layer that `scores` multiplies with them, any other looks them up.
    """

    of: str
    source: NDArray[np.int64]
    scores: bool = False


@dataclass(frozen=True, eq=False)
class Grown:
    """A recommender whose tables are larger, their new rows 0, and where the rows of each table come from, by layer."""

    recommender: Recommender
    tables: Mapping[str, Rows]


def grown(recommender: Recommender, items: int, users: int) -> Grown:
    """The recommender with `items` items, and rows for `users` users where it has a table of them.

    Raises UpdateError as `rows_of` does.
    """
    tables, model = rows_of(recommender, items, users), recommender.model

    def larger(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name in tables:
            size = "input_dim" if layers.is_table(recommender, layer.name) else "units"
            config[size] = len(tables[layer.name].source)
        return layer.__class__.from_config(config)

    with known(model.to_json()):
        copy = session().keras.models.clone_model(model, clone_function=larger)
    for layer in copy.layers:
        before = model.get_layer(layer.name).get_weights()
        if layer.name in tables:
            # Rows come first in a table to look up in, last in the kernel and the bias of a dense layer.
            axis = 0 if layers.is_table(recommender, layer.name) else -1
            before = [_moved(values, tables[layer.name].source, axis) for values in before]
        layer.set_weights(before)
    inputs = tuple(_input(entry, recommender.roles.items, items, users) for entry in recommender.roles.inputs)
    roles = replace(recommender.roles, inputs=inputs, items=items)
    return Grown(Recommender(roles, copy), tables)


def rows_of(recommender: Recommender, items: int, users: int) -> dict[str, Rows]:
    """Where the rows of each table come from that grows with items or users, by layer.

    Rows behind the items, such as a history's padding, move behind the new items. Raises UpdateError for a recommender
    that does not score its whole catalogue with a dense layer, or that does anything with ids but look them up.
    """
    scoring = replace(_between(recommender, items), scores=True)
    return {**_looked_up(recommender, items, users), _scoring(recommender): scoring}


def _scoring(recommender: Recommender) -> str:
    roles = recommender.roles
    found = [name for name in layers.with_kernels(recommender) if scores_catalogue(recommender, name)]
    if roles.kind != CATALOGUE or not found:
        what = "it scores no whole catalogue" if roles.kind != CATALOGUE else "no dense layer makes its scores"
        raise UpdateError(
            f"{roles.name} is {roles.kind}, and {what}: updates are made of models that end in a dense layer "
            "with a score for every item, such as a history encoder or matrix factorization; make the bundle anew"
        )
    return found[0]


def _looked_up(recommender: Recommender, items: int, users: int) -> dict[str, Rows]:
    """The tables that ids of items or users are looked up in."""
    found = {}
    for entry in recommender.roles.inputs:
        for layer in _readers(recommender, entry.name):
            if not layers.is_table(recommender, layer.name):
                raise UpdateError(
                    f"layer {layer.name} of {recommender.roles.name} takes the ids of {entry.name!r} and is no table, "
                    "so that it may know how many there are: make the bundle anew"
                )
            size = int(layer.input_dim)
            more = np.full(max(0, users - size), -1)
            is_user = entry.role == USER
            found[layer.name] = (
                Rows(USER, np.append(np.arange(size), more)) if is_user else _between(recommender, items, size)
            )
    return found


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


def _between(recommender: Recommender, items: int, size: int | None = None) -> Rows:
    """Rows of items that are new behind the old ones, before whatever else a table of `size` rows has."""
    old = recommender.roles.items
    behind = np.arange(old, old if size is None else size)
    return Rows(ITEM, np.concatenate([np.arange(old), np.full(items - old, -1), behind]))


def _moved(values: NDArray[Any], source: NDArray[np.int64], axis: int) -> NDArray[Any]:
    moved = np.moveaxis(np.take(values, np.maximum(source, 0), axis=axis), axis, 0).copy()
    moved[source < 0] = 0
    return np.moveaxis(moved, 0, axis)


def _input(entry: Input, old: int, items: int, users: int) -> Input:
    if entry.role == USER:
        return replace(entry, ids=max(entry.ids, users))
    padding = entry.padding_id
    if padding is not None and padding >= old:
        padding += items - old
    return replace(entry, ids=entry.ids + items - old, padding_id=padding)
