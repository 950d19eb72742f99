from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from device_tests.manifest import Input
from device_tests.ranking import top_k
from edgerec.data.splitting import Split
from edgerec.models import training
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS, Roles
from edgerec.models.serving import catalogue_scores, ends_in, linear_end, serving
from edgerec.models.training import Fit

USERS, ITEMS = 60, 40
Build = Callable[..., Recommender]


def test_two_towers_serve_as_the_dot_products_of_both(tiny: Build, blocks: Split) -> None:
    towers = training.train(tiny("two_towers"), blocks.train, Fit(epochs=1, batch=64))
    served = serving(towers)
    assert (served.roles.kind, served.roles.inputs) == (CATALOGUE, towers.roles.inputs)
    assert [tensor.name for tensor in served.model.inputs] == ["user"]
    assert served.features is None
    assert towers.features is not None
    scores = catalogue_scores(towers, {"user": np.arange(USERS, dtype=np.int32)})
    assert scores.dtype == np.float32
    for user in (0, 17, 59):
        fed = {
            "user": np.full(ITEMS, user, np.int32),
            "item": np.arange(ITEMS, dtype=np.int32),
            "item_features": towers.features,
        }
        mine, theirs = np.split(np.asarray(towers.model(fed)), 2, axis=1)
        assert scores[user] == pytest.approx((mine * theirs).sum(axis=1), rel=1e-5, abs=1e-6)


def test_towers_may_ask_with_a_history(keras: Any) -> None:
    layers = keras.layers
    shapes = {"past": ((3,), "int32"), "item": ((), "int32"), "item_features": ((2,), "float32")}
    inputs = {name: keras.Input(shape, dtype=dtype, name=name) for name, (shape, dtype) in shapes.items()}
    user = layers.GlobalAveragePooling1D()(layers.Embedding(41, 4)(inputs["past"]))
    item = layers.Dense(4)(layers.Concatenate()([layers.Embedding(40, 4)(inputs["item"]), inputs["item_features"]]))
    model = keras.Model(list(inputs.values()), layers.Concatenate()([user, item]))
    roles = Roles("towers", TWO_TOWERS, (Input("past", "history", 3, 41, 40),), ITEMS)
    towers = Recommender(roles, model, np.random.default_rng(0).random((ITEMS, 2)).astype(np.float32))
    past = np.array([[40, 1, 2], [3, 4, 5]], np.int32)
    fed = {"past": past[[0] * ITEMS], "item": np.arange(ITEMS, dtype=np.int32), "item_features": towers.features}
    mine, theirs = np.split(np.asarray(model(fed)), 2, axis=1)
    assert catalogue_scores(towers, {"past": past})[0] == pytest.approx((mine * theirs).sum(axis=1), abs=1e-6)


def test_towers_without_an_item_side_are_refused(keras: Any) -> None:
    user, other = (keras.Input((), dtype="int32", name=name) for name in ("user", "thing"))
    model = keras.Model(
        [user, other],
        keras.layers.Concatenate()([keras.layers.Embedding(60, 4)(user), keras.layers.Embedding(40, 4)(other)]),
    )
    roles = Roles("towers", TWO_TOWERS, (Input("user", "user", 0, 60, None),), ITEMS)
    with pytest.raises(ModelError, match="need inputs user, item and item_features, got user, thing"):
        serving(Recommender(roles, model))


def ended(keras: Any, end: str, *, width: int = ITEMS, apart: bool = False) -> Recommender:
    """A model of users that ends in `end`, in its dense layer or in a layer after it."""
    layers = keras.layers
    user = keras.Input((), dtype="int32", name="user")
    vector = layers.Embedding(USERS, 4, embeddings_initializer=keras.initializers.RandomNormal(seed=4))(user)
    dense = layers.Dense(width, activation=None if apart else end, name="scores")
    scores = dense(vector)
    if apart:
        scores = layers.Softmax(name="end")(scores) if end == "softmax" else layers.Activation(end, name="end")(scores)
    dense.bias.assign(np.random.default_rng(2).normal(size=width).astype(np.float32))
    roles = Roles("mf", CATALOGUE, (Input("user", "user", 0, USERS, None),), width)
    return Recommender(roles, keras.Model(user, scores))


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("end", ["sigmoid", "softmax"])
def test_the_end_that_changes_no_order_goes(end: str, apart: bool, keras: Any) -> None:
    given = ended(keras, end, apart=apart)
    served, users = serving(given), np.arange(USERS, dtype=np.int32)
    assert (ends_in(given.model), ends_in(served.model)) == (end, "")
    probabilities, scores = np.asarray(given.model(users)), catalogue_scores(given, {"user": users})
    assert np.array_equal(top_k(probabilities, 20), top_k(scores, 20))
    odds = np.exp(scores.astype(np.float64))
    expected = odds / (1 + odds) if end == "sigmoid" else odds / odds.sum(axis=1, keepdims=True)
    assert probabilities == pytest.approx(expected, rel=1e-5)
    assert ends_in(given.model) == end  # what was given stays


@pytest.mark.parametrize("end", ["relu", "tanh", None])
def test_another_end_stays(end: str | None, keras: Any) -> None:
    given = ended(keras, end or "linear")
    assert serving(given) is given
    assert linear_end(given) is given


def test_what_a_recurrent_layer_does_inside_is_no_end(keras: Any) -> None:
    history = keras.Input((4,), dtype="int32", name="history")
    steps = keras.layers.Embedding(ITEMS + 1, 4)(history)
    model = keras.Model(history, keras.layers.GRU(ITEMS, activation="sigmoid", unroll=True)(steps))
    roles = Roles("gru", CATALOGUE, (Input("history", "history", 4, ITEMS + 1, ITEMS),), ITEMS)
    given = Recommender(roles, model)
    assert serving(given) is given


def test_a_model_with_quantizers_loses_its_end_too(keras: Any, blocks: Split) -> None:
    from edgerec.models.session import session

    layers, quantization = keras.layers, session().tfmot.quantization.keras
    user = keras.Input((), dtype="int32", name="user")
    state = layers.Embedding(USERS, 4)(user)
    state = quantization.quantize_annotate_layer(layers.Dense(4, activation="relu", name="state"))(state)
    model = keras.Model(user, layers.Dense(ITEMS, activation="softmax", name="scores")(state))
    with quantization.quantize_scope():
        model = quantization.quantize_apply(model)
    given = Recommender(Roles("mf", CATALOGUE, (Input("user", "user", 0, USERS, None),), ITEMS), model)
    users = np.arange(USERS, dtype=np.int32)
    scores = catalogue_scores(given, {"user": users}).astype(np.float64)
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert np.asarray(model(users)) == pytest.approx(expected, rel=1e-5)


def test_pointwise_scores_are_those_of_a_loop_over_pairs(tiny: Build) -> None:
    neumf = tiny("neumf")
    users = np.array([3, 0, 59, *range(20)], np.int32)  # more than one part
    scores = catalogue_scores(neumf, {"user": users})
    assert scores.shape == (23, ITEMS)
    for row, user in enumerate(users):
        for item in (0, 7, 39):
            fed = {"user": np.array([user]), "item": np.array([item])}
            assert scores[row, item] == pytest.approx(float(neumf.model(fed)[0, 0]), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("kind", [CATALOGUE, POINTWISE])
def test_a_model_may_want_its_ids_in_a_column(kind: str, keras: Any, blocks: Split) -> None:
    """Inputs [batch] and [batch, 1] score, train and come as the same ids [batch]."""
    layers, found, steps = keras.layers, [], []
    for shape in ((), (1,)):
        user, item = (keras.Input(shape, dtype="int32", name=name) for name in ("user", "item"))
        seed = keras.initializers.RandomNormal(seed=1)
        mine = layers.Flatten()(layers.Embedding(USERS, 4, embeddings_initializer=seed)(user))
        inputs = [Input("user", "user", 0, USERS, None)]
        if kind == CATALOGUE:
            model = keras.Model(user, layers.Dense(ITEMS, kernel_initializer=seed)(mine))
        else:
            theirs = layers.Flatten()(layers.Embedding(ITEMS, 4, embeddings_initializer=seed)(item))
            model = keras.Model([user, item], layers.Dot(1)([mine, theirs]))
            inputs.append(Input("item", "item", 0, ITEMS, None))
        recommender = Recommender(Roles("mf", kind, tuple(inputs), ITEMS), model)
        found.append(catalogue_scores(recommender, {"user": np.arange(USERS, dtype=np.int32)}))
        trained = training.train(recommender, blocks.train, Fit(epochs=1, batch=64))
        steps.append(trained.model.get_weights())
    assert found[0].shape == (USERS, ITEMS)
    assert np.array_equal(*found)
    assert all(np.allclose(one, other, atol=1e-6) for one, other in zip(*steps, strict=True))
