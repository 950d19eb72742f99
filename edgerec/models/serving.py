"""What goes to the device: the model that answers one user at a time, without what only training or order needs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.models.recommender import ModelError, Recommender, known
from edgerec.models.roles import CATALOGUE, TWO_TOWERS
from edgerec.models.session import session

ORDER_ONLY = ("sigmoid", "softmax")  # monotonic for one user: they change scores and no ranking
ROWS_AT_ONCE = 512
USERS_AT_ONCE = 16  # of a pointwise model: each brings a row for every item


def serving(recommender: Recommender) -> Recommender:
    """The recommender as it runs on the device.

    Two towers become a catalogue scorer: the item tower is run once for every item, and its vectors are the kernel
    of a last dense layer. A final sigmoid or softmax goes, since int8 leaves a sigmoid few distinct values and only
    the order matters.
    """
    if recommender.roles.kind == TWO_TOWERS:
        return _user_tower_over_items(recommender)
    return linear_end(recommender)


def linear_end(recommender: Recommender) -> Recommender:
    """The recommender without a sigmoid or softmax at its end: the same order, and scores to learn on."""
    model = recommender.model
    if not ends_in(model):
        return recommender
    if isinstance(model.layers[-1], session().keras.layers.Softmax):
        return recommender.with_model(session().keras.Model(model.inputs, model.layers[-1].input, name=model.name))
    return recommender.with_model(_with_linear_end(model))


def ends_in(model: Any) -> str:
    """The name of the sigmoid or softmax that a Keras model ends in; "" when it ends in neither."""
    layers, last = session().keras.layers, model.layers[-1]
    if isinstance(last, layers.Softmax):
        return "softmax"
    # A GRU has an activation too, and not at its end.
    name = last.activation.__name__ if isinstance(last, layers.Dense | layers.Activation) else ""
    return name if name in ORDER_ONLY else ""


def catalogue_scores(recommender: Recommender, inputs: Mapping[str, NDArray[np.int32]]) -> NDArray[np.float32]:
    """The Keras model's score of every item, float32 [users, items], for user-side inputs [users, ...]."""
    served = serving(recommender)
    if served.roles.kind == CATALOGUE:
        # Called, not `predict`ed: tracing has AutoGraph write a file, and leave it behind on a full disk.
        starts = range(0, len(next(iter(inputs.values()))), ROWS_AT_ONCE)
        parts = [{name: ids[start : start + ROWS_AT_ONCE] for name, ids in inputs.items()} for start in starts]
        return np.concatenate([np.asarray(served.model(part, training=False), np.float32) for part in parts])
    item = next(entry.name for entry in served.roles.inputs if entry.role == "item")
    items, users = served.roles.items, len(next(iter(inputs.values())))
    scores = np.empty((users, items), np.float32)
    for start in range(0, users, USERS_AT_ONCE):
        part = {name: values[start : start + USERS_AT_ONCE] for name, values in inputs.items()}
        rows = len(next(iter(part.values())))
        pairs = {name: np.repeat(values, items, axis=0) for name, values in part.items()}
        pairs[item] = np.tile(np.arange(items, dtype=np.int32), rows)
        scores[start : start + rows] = np.asarray(served.model(pairs, training=False)).reshape(rows, items)
    return scores


def _user_tower_over_items(recommender: Recommender) -> Recommender:
    keras, model = session().keras, recommender.model
    vectors = model.layers[-1]
    user_vector, item_vector = vectors.input
    sides = {tensor.name: tensor for tensor in model.inputs}
    try:
        users = [sides[entry.name] for entry in recommender.roles.inputs]
        item, described = sides["item"], sides["item_features"]
    except KeyError as missing:
        raise ModelError(
            f"two towers need inputs {', '.join(entry.name for entry in recommender.roles.inputs)}, item and "
            f"item_features, got {', '.join(sides)}"
        ) from missing
    items = keras.Model([item, described], item_vector).predict(
        [np.arange(recommender.roles.items, dtype=np.int32), recommender.features], batch_size=512, verbose=0
    )
    dense = keras.layers.Dense(recommender.roles.items, use_bias=False, name="scores")
    tower = keras.Model(users, dense(user_vector), name=recommender.roles.name)
    dense.set_weights([items.T])
    return Recommender(replace(recommender.roles, kind=CATALOGUE), tower)


def _with_linear_end(model: Any) -> Any:
    last = model.layers[-1]

    def straight(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name == last.name:
            config["activation"] = "linear"
        return layer.__class__.from_config(config)

    with known(model.to_json()):
        copy = session().keras.models.clone_model(model, clone_function=straight)
    copy.set_weights(model.get_weights())
    return copy
