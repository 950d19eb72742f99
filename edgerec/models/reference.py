"""Reference recommenders in legacy Keras: matrix factorization, NeuMF, two history encoders and two towers.

Each builder gives an untrained Recommender of built-in layers only, so that it loads without running anybody's code.
Item i of the catalogue is score i; a history is padded on the left with the id `items`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_tests.bundle import Input
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS, Roles
from edgerec.models.session import session

HISTORY_LENGTH = 20


def matrix_factorization(users: int, items: int, *, columns: int = 64, dropout: float = 0.5) -> Recommender:
    """One vector a user, one vector and one bias an item, every item scored at once (Koren et al. 2009)."""
    layers, user = _layers(), _ids("user")
    vector = layers.Dropout(dropout)(_table(users, columns, "users")(user))
    scores = layers.Dense(items, name="scores")(vector)
    return _recommender(Roles("mf", CATALOGUE, (_user(users),), items), [user], scores)


def neumf(users: int, items: int, *, columns: int = 16, dropout: float = 0.2) -> Recommender:
    """A product of two vectors beside a perceptron over two others (He et al. 2017, 1708.05031); a logit a pair."""
    layers, user, item = _layers(), _ids("user"), _ids("item")
    product = layers.Multiply()(
        [_table(users, columns, "users_product")(user), _table(items, columns, "items_product")(item)]
    )
    deep = layers.Concatenate()(
        [_table(users, columns, "users_deep")(user), _table(items, columns, "items_deep")(item)]
    )
    deep = layers.Dropout(dropout)(deep)
    for index, units in enumerate((2 * columns, columns)):
        deep = layers.Dense(units, activation="relu", name=f"deep_{index}")(deep)
    score = layers.Dense(1, name="scores")(layers.Concatenate()([layers.Dropout(dropout)(product), deep]))
    return _recommender(
        Roles(
            "neumf",
            POINTWISE,
            (
                _user(users),
                _item(items),
            ),
            items,
        ),
        [user, item],
        score,
    )


def gru(items: int, *, length: int = HISTORY_LENGTH, columns: int = 64, dropout: float = 0.2) -> Recommender:
    """A GRU over the last items and scores over the catalogue (GRU4Rec, Hidasi et al. 2016, arXiv 1511.06939).

    Unrolled, so that it converts with a free batch axis and without Flex ops.
    """
    layers, history = _layers(), _history(length)
    steps = layers.Dropout(dropout)(_table(items + 1, columns, "items")(history))
    state = layers.GRU(columns, unroll=True, name="encoder")(steps)
    scores = layers.Dense(items, name="scores")(layers.Dropout(dropout)(state))
    return _recommender(Roles("gru", CATALOGUE, (_last_items(length, items),), items), [history], scores)


def attention(items: int, *, length: int = HISTORY_LENGTH, columns: int = 64, dropout: float = 0.2) -> Recommender:
    """The last item attends to the history before it, scores over the catalogue (STAMP, Liu et al. 2018).

    Query, keys and values come from Dense layers, since TF-MOT does not reach into MultiHeadAttention.
    """
    layers, history = _layers(), _history(length)
    steps = layers.Dropout(dropout)(_table(items + 1, columns, "items")(history))
    last = layers.Cropping1D((length - 1, 0), name="last")(steps)
    query = layers.Dense(columns, name="query")(last)
    keys = layers.Dense(columns, name="keys")(steps)
    values = layers.Dense(columns, name="values")(steps)
    context = layers.Attention(name="attend")([query, values, keys])
    state = layers.Flatten()(layers.Concatenate()([context, last]))
    state = layers.Dense(columns, activation="tanh", name="state")(state)
    scores = layers.Dense(items, name="scores")(layers.Dropout(dropout)(state))
    return _recommender(Roles("attention", CATALOGUE, (_last_items(length, items),), items), [history], scores)


def two_towers(users: int, features: NDArray[np.float32], *, columns: int = 32, dropout: float = 0.3) -> Recommender:
    """A user tower and an item tower with item features, trained in batch (Yi et al. 2019, RecSys).

    `features` is [items, features]. The device gets the user tower and the finished item vectors as one table.
    """
    layers, user, item = _layers(), _ids("user"), _ids("item")
    described = session().keras.Input((features.shape[1],), name="item_features")
    side = layers.Dropout(dropout)(_table(users, 2 * columns, "users")(user))
    user_vector = layers.Dense(columns, name="user_vector")(side)
    known = layers.Dropout(dropout)(layers.Flatten()(_table(len(features), 2 * columns, "items")(item)))
    told = layers.Dense(columns, activation="relu", name="item_features_deep")(described)
    item_vector = layers.Dense(columns, name="item_vector")(layers.Concatenate()([known, told]))
    vectors = layers.Concatenate(name="vectors")([user_vector, item_vector])
    model = session().keras.Model([user, item, described], vectors, name="two_towers")
    return Recommender(Roles("two_towers", TWO_TOWERS, (_user(users),), len(features)), model, features)


Builder = Callable[..., Recommender]
REFERENCE_MODELS: dict[str, Builder] = {
    "mf": matrix_factorization,
    "neumf": neumf,
    "gru": gru,
    "attention": attention,
    "two_towers": two_towers,
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
