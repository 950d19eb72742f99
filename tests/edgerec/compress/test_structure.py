from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters import tflite_file
from device_tests.manifest import Input
from edgerec.compress.errors import RecipeError
from edgerec.compress.structure import removable, remove, with_what_is_tied
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE, Roles

ITEMS, USERS, LENGTH, COLUMNS, FEATURES = 7, 5, 3, 4, 2
KINDS = ("mf", "neumf", "gru", "attention", "two_towers", "two_towers served")
Build = Callable[[str], Recommender]


@pytest.fixture(scope="session")
def untrained(keras: Any) -> Build:
    """Give a tiny reference model of a kind with random weights, biases too; the same object each time."""
    from edgerec.models import reference
    from edgerec.models.serving import serving

    features = np.random.default_rng(1).normal(size=(ITEMS, FEATURES)).astype(np.float32)
    builders: dict[str, Callable[[], Recommender]] = {
        "mf": lambda: reference.matrix_factorization(USERS, ITEMS, columns=COLUMNS),
        "neumf": lambda: reference.neumf(USERS, ITEMS, columns=COLUMNS),
        "gru": lambda: reference.gru(ITEMS, length=LENGTH, columns=COLUMNS),
        "attention": lambda: reference.attention(ITEMS, length=LENGTH, columns=COLUMNS),
        "two_towers": lambda: reference.two_towers(USERS, features, columns=COLUMNS),
    }
    made: dict[str, Recommender] = {}

    def of(kind: str) -> Recommender:
        if kind not in made:
            name, _, is_served = kind.partition(" ")
            made[kind] = serving(of(name)) if is_served else random_weights(builders[kind]())
        return made[kind]

    return of


def random_weights(recommender: Recommender) -> Recommender:
    random = np.random.default_rng(2)
    recommender.model.set_weights(
        [random.normal(size=values.shape).astype(np.float32) for values in recommender.model.get_weights()]
    )
    return recommender


def answers(recommender: Recommender) -> np.ndarray:
    random = np.random.default_rng(3)
    tables = {"user": USERS, "item": ITEMS, "history": ITEMS + 1}
    inputs = {
        tensor.name: random.integers(tables[tensor.name], size=(16, *tensor.shape[1:])).astype(np.int32)
        if tensor.name in tables
        else random.normal(size=(16, *tensor.shape[1:])).astype(np.float32)
        for tensor in recommender.model.inputs
    }
    return np.asarray(recommender.model(inputs, training=False))


def zeroed(recommender: Recommender, kept: dict[str, np.ndarray]) -> Recommender:
    """Give the model with the named layers' other columns zero, and what is tied to them as it was."""
    copy = recommender.clone()
    for name, indices in kept.items():
        layer = copy.model.get_layer(name)
        weights = layer.get_weights()
        width = layer.output_shape[-1]
        gone = np.setdiff1d(np.arange(width), indices)
        if type(layer).__name__ == "GRU":
            gone = np.concatenate([gone, gone + width, gone + 2 * width])
        for values in weights:
            values[..., gone] = 0
        layer.set_weights(weights)
    return copy


def some(width: int) -> st.SearchStrategy[np.ndarray]:
    return st.sets(st.integers(0, width - 1), min_size=1).map(lambda chosen: np.array(sorted(chosen)))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_smaller_model_answers_as_the_one_with_zeros(untrained: Build, kind: str, data: st.DataObject) -> None:
    given = untrained(kind)
    tied = {"items_product", "keys"}  # told through users_product and query
    kept = {name: data.draw(some(width), label=name) for name, width in removable(given).items() if name not in tied}
    found = remove(given, kept)
    assert np.allclose(answers(found), answers(zeroed(given, kept)), atol=1e-5)
    for name, indices in kept.items():
        assert found.model.get_layer(name).output_shape[-1] == len(indices)
    if any(len(indices) < given.model.get_layer(name).output_shape[-1] for name, indices in kept.items()):
        assert found.model.count_params() < given.model.count_params()


REMOVABLE = {
    "mf": {"users"},
    "neumf": {"users_product", "items_product", "users_deep", "items_deep", "deep_0", "deep_1"},
    "gru": {"items", "encoder"},
    "attention": {"items", "query", "keys", "values", "state"},
    "two_towers": {"users", "items", "item_features_deep"},
    "two_towers served": {"users", "user_vector"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_all_but_the_outputs_can_go(untrained: Build, kind: str) -> None:
    assert set(removable(untrained(kind))) == REMOVABLE[kind]


def test_every_shape_that_is_touched_shrinks(untrained: Build) -> None:
    found = remove(untrained("neumf"), {"users_product": np.array([1, 3]), "deep_1": np.array([0])})
    shapes = {name.partition(":")[2]: values.shape for name, values in found.weights().items()}
    assert shapes["users_product/embeddings:0"] == (USERS, 2)
    assert shapes["items_product/embeddings:0"] == (ITEMS, 2)
    assert shapes["deep_1/kernel:0"] == (2 * COLUMNS, 1)
    assert shapes["scores/kernel:0"] == (3, 1)
    assert shapes["users_deep/embeddings:0"] == (USERS, COLUMNS)


def test_a_gru_loses_units_in_every_gate_and_rows_that_it_read(untrained: Build) -> None:
    found = remove(untrained("gru"), {"encoder": np.array([0, 2]), "items": np.array([3])})
    kernel, recurrent, bias = found.model.get_layer("encoder").get_weights()
    assert (kernel.shape, recurrent.shape, bias.shape) == ((1, 6), (2, 6), (2, 6))
    assert found.model.get_layer("scores").get_weights()[0].shape == (2, ITEMS)


def test_the_one_given_stays_as_it_was_and_goes_to_a_file_and_back(untrained: Build) -> None:
    given = untrained("attention")
    before = given.digest()
    found = remove(given, {"items": np.array([0, 1])})
    assert given.digest() == before
    again = Recommender.from_files(found.to_files())
    assert again.digest() == found.digest()
    assert found.roles == given.roles


def test_tied_columns_are_ranked_by_what_they_have_together(untrained: Build) -> None:
    one, other = np.array([1.0, 2, 3, 4]), np.array([8.0, 0, 0, 0])
    found = with_what_is_tied(untrained("neumf"), {"users_product": one, "items_product": other, "users_deep": one})
    assert found["users_product"].tolist() == found["items_product"].tolist() == [9, 2, 3, 4]
    assert found["users_deep"].tolist() == one.tolist()
    with pytest.raises(RecipeError, match=r"saliency of layer users_deep has shape \(3,\), expected \(4,\)"):
        with_what_is_tied(untrained("neumf"), {"users_deep": one[:3]})


@pytest.mark.parametrize("precision", ["float32", "dynamic_int8"])
def test_what_is_removed_is_in_no_shape_of_the_file(
    untrained: Build, in_this_process: Callable[[Recommender, str], bytes], precision: str
) -> None:
    kept = {"users_product": np.array([1, 3]), "users_deep": np.array([0]), "deep_0": np.arange(5)}
    found = remove(untrained("neumf"), kept)
    file = tflite_file.parse(in_this_process(found, precision))
    shapes = {each.shape for each in file.subgraphs[0].tensors if len(each.shape) == 2 and len(file.constant(each))}
    tables = {(USERS, 2), (ITEMS, 2), (USERS, 1), (ITEMS, COLUMNS)}
    assert shapes == {*tables, (5, 1 + COLUMNS), (COLUMNS, 5), (1, 2 + COLUMNS)}


def built(keras: Any, make: Callable[[Any, Any, Any], Any]) -> Recommender:
    """Give a model of a user's table `users`, another table `others`, and what `make` makes of both."""
    user = keras.Input((), dtype="int32", name="user")
    tables = [keras.layers.Embedding(USERS, COLUMNS, name=name)(user) for name in ("users", "others")]
    scores = keras.layers.Dense(ITEMS, name="scores")(make(keras.layers, *tables))
    roles = Roles("made", CATALOGUE, (Input("user", "user", 0, USERS, None),), ITEMS)
    return random_weights(Recommender(roles, keras.Model(user, scores)))


EQUAL: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda layers, one, other: layers.Add()([one, other]),
    "average, relu": lambda layers, one, other: layers.ReLU()(layers.Average()([one, other])),
    "leaky": lambda layers, one, other: layers.LeakyReLU()(layers.Add()([one, other])),
    "activation": lambda layers, one, other: layers.Activation("tanh")(layers.Multiply()([one, other])),
    "dot": lambda layers, one, other: layers.Concatenate()([layers.Dot(-1)([one, other]), one, one]),
}


@pytest.mark.parametrize("name", EQUAL)
def test_tables_that_are_added_or_multiplied_lose_the_same_columns(keras: Any, name: str) -> None:
    given, kept = built(keras, EQUAL[name]), np.array([0, 2])
    found = remove(given, {"users": kept})
    assert found.model.get_layer("others").output_dim == 2
    assert np.allclose(answers(found), answers(zeroed(given, {"users": kept, "others": kept})), atol=1e-5)
    with pytest.raises(RecipeError, match="column 2 of layer users should stay, and one that only goes with it"):
        remove(given, {"users": kept, "others": np.array([0, 1])})


def test_a_layer_called_twice_ties_what_it_reads(keras: Any) -> None:
    def make(layers: Any, one: Any, other: Any) -> Any:
        deep = layers.Dense(3, name="deep")
        return layers.Multiply()([deep(one), deep(other)])

    given, kept, unit = built(keras, make), np.array([1, 3]), np.array([2])
    found = remove(given, {"users": kept, "deep": unit})
    assert found.model.get_layer("deep").get_weights()[0].shape == (2, 1)
    assert np.allclose(answers(found), answers(zeroed(given, {"users": kept, "others": kept, "deep": unit})), atol=1e-5)


@pytest.mark.parametrize("pooling", ["GlobalAveragePooling1D", "GlobalMaxPooling1D", "Flatten"])
def test_steps_one_after_another_have_the_same_columns(keras: Any, pooling: str) -> None:
    layers, history = keras.layers, keras.Input((LENGTH,), dtype="int32", name="history")
    steps = [layers.Embedding(ITEMS + 1, COLUMNS, name=name)(history) for name in ("first", "second")]
    state = getattr(layers, pooling)()(layers.Concatenate(axis=1)(steps))
    roles = Roles("steps", CATALOGUE, (Input("history", "history", LENGTH, ITEMS + 1, ITEMS),), ITEMS)
    given = random_weights(Recommender(roles, keras.Model(history, layers.Dense(ITEMS)(state))))
    kept = np.array([0, 3])
    found = remove(given, {"second": kept})
    assert np.allclose(answers(found), answers(zeroed(given, {"first": kept, "second": kept})), atol=1e-5)


REFUSED: dict[str, tuple[Callable[[Any, Any, Any], Any], str]] = {
    "layer normalization": (
        lambda layers, one, _: layers.LayerNormalization(name="norm")(one),
        "LayerNormalization norm takes mean and variance over all columns",
    ),
    "unknown layer": (lambda layers, one, _: layers.RepeatVector(2, name="twice")(one), "RepeatVector twice may mix"),
    "sigmoid": (lambda layers, one, _: layers.Activation("sigmoid", name="act")(one), "sigmoid of act is not 0 at 0"),
    "threshold": (lambda layers, one, _: layers.ReLU(negative_slope=1, threshold=1, name="r")(one), "ReLU r is not 0"),
    "one column for all": (
        lambda layers, one, other: layers.Multiply(name="by")([one, layers.Dense(1)(other)]),
        "Multiply by may mix",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_zero_column_is_not_nothing_to_is_refused_by_name(keras: Any, name: str) -> None:
    make, told = REFUSED[name]
    given = built(keras, lambda layers, one, other: layers.Flatten()(make(layers, one, other)))
    assert "users" not in removable(given)
    with pytest.raises(RecipeError, match=f"a column of layer users cannot be removed: {told}"):
        remove(given, {"users": np.array([0])})


def test_the_outputs_stay(untrained: Build) -> None:
    with pytest.raises(RecipeError, match="a column of layer scores cannot be removed: an output of the model"):
        remove(untrained("mf"), {"scores": np.array([0, 1])})


@pytest.mark.parametrize("indices", [[], [0, 0], [4], [-1], [0.5]])
def test_indices_that_are_none_are_refused(untrained: Build, indices: list[float]) -> None:
    with pytest.raises(RecipeError, match=r"layer users should keep columns .* expected one or more different numbers"):
        remove(untrained("mf"), {"users": np.array(indices)})


def test_a_layer_that_is_not_there_is_refused(untrained: Build) -> None:
    with pytest.raises(RecipeError, match=r"no layer 'user' makes columns \(did you mean users\?\)"):
        remove(untrained("mf"), {"user": np.array([0])})
    with pytest.raises(RecipeError, match="no layer 'dropout' makes columns"):
        with_what_is_tied(untrained("mf"), {"dropout": np.zeros(4)})
