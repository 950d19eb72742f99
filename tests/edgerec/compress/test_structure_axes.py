from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from converters.tables.metric import second_moment
from device_tests.manifest import Input
from edgerec.compress.errors import RecipeError
from edgerec.compress.structure import remove
from edgerec.compress.structure_axes import read_by, turned
from edgerec.criteria.variance import Axes, axes
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE, Roles

USERS, ITEMS, LENGTH, COLUMNS = 12, 9, 3, 4
Builds = Callable[[str], Recommender]


@pytest.fixture(scope="session")
def random_model(keras: Any) -> Builds:
    """Give a tiny model of a kind with random weights, biases too."""
    from edgerec.models import reference
    from edgerec.models.serving import serving

    features = np.random.default_rng(1).normal(size=(ITEMS, 2)).astype(np.float32)
    builders: dict[str, Callable[[], Recommender]] = {
        "mf": lambda: reference.matrix_factorization(USERS, ITEMS, columns=COLUMNS),
        "gru": lambda: reference.gru(ITEMS, length=LENGTH, columns=COLUMNS),
        "two_towers": lambda: serving(reference.two_towers(USERS, features, columns=COLUMNS)),
        "neumf": lambda: reference.neumf(USERS, ITEMS, columns=COLUMNS),
        "attention": lambda: reference.attention(ITEMS, length=LENGTH, columns=COLUMNS),
        "added": lambda: added(keras),
    }

    def of(kind: str) -> Recommender:
        made = builders[kind]()
        random = np.random.default_rng(2)
        made.model.set_weights([random.normal(size=each.shape).astype(np.float32) for each in made.model.get_weights()])
        return made

    return of


def added(keras: Any) -> Recommender:
    user = keras.Input((), dtype="int32", name="user")
    tables = [keras.layers.Embedding(USERS, COLUMNS, name=name)(user) for name in ("users", "others")]
    scores = keras.layers.Dense(ITEMS)(keras.layers.Add()(tables))
    return Recommender(
        Roles("added", CATALOGUE, (Input("user", "user", 0, USERS, None),), ITEMS), keras.Model(user, scores)
    )


def answers(recommender: Recommender) -> np.ndarray:
    random = np.random.default_rng(3)
    (tensor,) = recommender.model.inputs
    ids = np.arange(USERS) if tensor.name == "user" else random.integers(ITEMS + 1, size=(16, LENGTH))
    return np.asarray(recommender.model({tensor.name: ids.astype(np.int32)}, training=False))


@pytest.mark.parametrize(
    ("kind", "layer", "readers"),
    [
        ("mf", "users", ITEMS),
        ("gru", "items", 3 * COLUMNS),
        ("two_towers", "users", COLUMNS),
        ("two_towers", "user_vector", ITEMS),
        ("attention", "values", COLUMNS),
    ],
)
def test_outputs_stay_in_any_axes(random_model: Builds, kind: str, layer: str, readers: int) -> None:
    given = random_model(kind)
    table = read_by(given, layer)
    assert table.shape == (readers, given.model.get_layer(layer).output_shape[-1])
    moment = np.eye(table.shape[1]) + 0.5
    found = turned(given, layer, axes(table, moment))
    assert np.allclose(answers(found), answers(given), atol=1e-4)
    assert not np.allclose(found.model.get_layer(layer).get_weights()[0], given.model.get_layer(layer).get_weights()[0])


def test_without_the_last_axes_are_left_the_best_scores_of_so_many_columns(random_model: Builds) -> None:
    given = random_model("mf")
    users, bias = given.model.get_layer("users").get_weights()[0], given.model.get_layer("scores").get_weights()[1]
    found = turned(given, "users", axes(read_by(given, "users"), second_moment(users)))
    left = remove(found, {"users": np.arange(2)})
    singular = np.linalg.svd(answers(given) - bias, compute_uv=False)
    error = np.square(answers(left) - answers(given)).sum()
    assert np.isclose(error, np.square(singular[2:]).sum(), rtol=1e-3)
    plain = remove(given, {"users": np.argsort(-np.linalg.norm(users, axis=0))[:2]})
    assert error < np.square(answers(plain) - answers(given)).sum()


@pytest.mark.parametrize(
    ("kind", "layer", "told"),
    [
        ("gru", "encoder", "GRU encoder is not linear in them"),
        ("neumf", "users_product", "Multiply product is not linear in them"),
        ("neumf", "deep_0", "Dense deep_0 is not linear in them"),
        ("attention", "query", "Attention attend is not linear in them"),
        ("mf", "scores", "an output of the model"),
        ("added", "users", "they only go with those of others"),
    ],
)
def test_columns_that_something_is_not_linear_in_are_refused(
    random_model: Builds, kind: str, layer: str, told: str
) -> None:
    given = random_model(kind)
    with pytest.raises(RecipeError, match=f"columns of layer {layer} cannot be turned: {told}"):
        read_by(given, layer)


def test_axes_of_another_width_are_refused(random_model: Builds) -> None:
    with pytest.raises(RecipeError, match=r"axes have shape \(3, 3\), expected \(4, 4\) for the columns of users"):
        turned(random_model("mf"), "users", Axes(np.eye(3), np.eye(3)))


def test_a_layer_that_makes_no_columns_is_refused(random_model: Builds) -> None:
    with pytest.raises(RecipeError, match="no layer 'dropout' makes columns; those that do are users, scores"):
        read_by(random_model("mf"), "dropout")
