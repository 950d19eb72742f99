"""Reference recommenders in legacy Keras: matrix factorization, NeuMF, two history encoders and two towers.

Each builder gives an untrained Recommender of built-in layers only, so that it loads without running anybody's code,
and names every layer, so that two of them in one process are the same to the byte.
Item i of the catalogue is score i; a history is padded on the left with the id `items`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_tests.manifest import Input
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS, Roles
from edgerec.models.session import session
from edgerec.models.training import Fit

HISTORY_LENGTH = 20


def matrix_factorization(users: int, items: int, *, columns: int = 64, dropout: float = 0.5) -> Recommender:
    """One vector a user, one vector and one bias an item, every item scored at once (Koren et al. 2009)."""
    layers, user = _layers(), _ids("user")
    vector = layers.Dropout(dropout, name="dropout")(_table(users, columns, "users")(user))
    scores = layers.Dense(items, name="scores")(vector)
    return _recommender(Roles("mf", CATALOGUE, (_user(users),), items), [user], scores)


def neumf(users: int, items: int, *, columns: int = 16, dropout: float = 0.2) -> Recommender:
    """A product of two vectors beside a perceptron over two others (He et al. 2017, 1708.05031); a logit a pair."""
    layers, user, item = _layers(), _ids("user"), _ids("item")
    product = layers.Multiply(name="product")(
        [_table(users, columns, "users_product")(user), _table(items, columns, "items_product")(item)]
    )
    product = layers.Dropout(dropout, name="dropout_product")(product)
    deep = layers.Concatenate(name="pair")(
        [_table(users, columns, "users_deep")(user), _table(items, columns, "items_deep")(item)]
    )
    deep = layers.Dropout(dropout, name="dropout_deep")(deep)
    for index, units in enumerate((2 * columns, columns)):
        deep = layers.Dense(units, activation="relu", name=f"deep_{index}")(deep)
    score = layers.Dense(1, name="scores")(layers.Concatenate(name="both")([product, deep]))
    return _recommender(Roles("neumf", POINTWISE, (_user(users), _item(items)), items), [user, item], score)


def gru(items: int, *, length: int = HISTORY_LENGTH, columns: int = 64, dropout: float = 0.2) -> Recommender:
    """A GRU over the last items and scores over the catalogue (GRU4Rec, Hidasi et al. 2016, arXiv 1511.06939).

    Unrolled, so that it converts with a free batch axis and without Flex ops.
    """
    layers, history = _layers(), _history(length)
    steps = layers.Dropout(dropout, name="dropout_steps")(_table(items + 1, columns, "items")(history))
    state = layers.GRU(columns, unroll=True, name="encoder")(steps)
    scores = layers.Dense(items, name="scores")(layers.Dropout(dropout, name="dropout_state")(state))
    return _recommender(Roles("gru", CATALOGUE, (_last_items(length, items),), items), [history], scores)


def attention(items: int, *, length: int = HISTORY_LENGTH, columns: int = 64, dropout: float = 0.2) -> Recommender:
    """The last item attends to the history before it, scores over the catalogue (STAMP, Liu et al. 2018).

    Query, keys and values come from Dense layers, since TF-MOT does not reach into MultiHeadAttention.
    """
    layers, history = _layers(), _history(length)
    steps = layers.Dropout(dropout, name="dropout_steps")(_table(items + 1, columns, "items")(history))
    last = layers.Cropping1D((length - 1, 0), name="last")(steps)
    query = layers.Dense(columns, name="query")(last)
    keys = layers.Dense(columns, name="keys")(steps)
    values = layers.Dense(columns, name="values")(steps)
    context = layers.Attention(name="attend")([query, values, keys])
    state = layers.Flatten(name="flatten")(layers.Concatenate(name="context")([context, last]))
    state = layers.Dense(columns, activation="tanh", name="state")(state)
    scores = layers.Dense(items, name="scores")(layers.Dropout(dropout, name="dropout_state")(state))
    return _recommender(Roles("attention", CATALOGUE, (_last_items(length, items),), items), [history], scores)


def two_towers(users: int, features: NDArray[np.float32], *, columns: int = 32, dropout: float = 0.3) -> Recommender:
    """A user tower and an item tower with item features, trained in batch (Yi et al. 2019, RecSys).

    `features` is [items, features]. The device gets the user tower and the finished item vectors as one table.
    """
    layers, user, item = _layers(), _ids("user"), _ids("item")
    described = session().keras.Input((features.shape[1],), name="item_features")
    side = layers.Dropout(dropout, name="dropout_user")(_table(users, 2 * columns, "users")(user))
    user_vector = layers.Dense(columns, name="user_vector")(side)
    known = layers.Dropout(dropout, name="dropout_item")(_table(len(features), 2 * columns, "items")(item))
    told = layers.Dense(columns, activation="relu", name="item_features_deep")(described)
    item_vector = layers.Dense(columns, name="item_vector")(layers.Concatenate(name="item_side")([known, told]))
    vectors = layers.Concatenate(name="vectors")([user_vector, item_vector])
    model = session().keras.Model([user, item, described], vectors, name="two_towers")
    return Recommender(Roles("two_towers", TWO_TOWERS, (_user(users),), len(features)), model, features)


Builder = Callable[..., Recommender]


@dataclass(frozen=True)
class Reference:
    """A reference model: its builder, and the training that was measured good for it on MovieTweetings."""

    build: Builder
    fit: Fit


REFERENCE_MODELS: dict[str, Reference] = {
    "mf": Reference(matrix_factorization, Fit(epochs=12)),
    "neumf": Reference(neumf, Fit(epochs=3)),
    "gru": Reference(gru, Fit(epochs=6)),
    "attention": Reference(attention, Fit(epochs=6)),
    "two_towers": Reference(two_towers, Fit(epochs=8, batch=512)),
}


def _layers() -> Any:
    return session().keras.layers


def _ids(name: str) -> Any:
    return session().keras.Input((), dtype="int32", name=name)


def _history(length: int) -> Any:
    return session().keras.Input((length,), dtype="int32", name="history")


def _table(rows: int, columns: int, name: str) -> Any:
    return _layers().Embedding(rows, columns, name=name)


def _user(users: int) -> Input:
    return Input(name="user", role="user", length=0, ids=users, padding_id=None)


def _item(items: int) -> Input:
    return Input(name="item", role="item", length=0, ids=items, padding_id=None)


def _last_items(length: int, items: int) -> Input:
    return Input(name="history", role="history", length=length, ids=items + 1, padding_id=items)


def _recommender(roles: Roles, inputs: list[Any], scores: Any) -> Recommender:
    return Recommender(roles, session().keras.Model(inputs, scores, name=roles.name))
