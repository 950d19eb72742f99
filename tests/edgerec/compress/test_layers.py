from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import Cluster, Prune, QuantizeAware
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]

CHOSEN = {
    "mf": ("users", "scores"),
    "neumf": ("users_deep", "items_deep", "users_product", "items_product", "deep_0", "deep_1", "scores"),
    "gru": ("items", "scores"),
    "attention": ("items", "query", "values", "keys", "state", "scores"),
    "two_towers": ("users", "user_vector", "scores"),
}


@pytest.mark.parametrize("kind", CHOSEN)
def test_tables_and_dense_layers_are_chosen_by_kind_and_by_pattern(served: Of, kind: str) -> None:
    recommender = served(kind)
    every = layers.chosen(recommender, ())
    assert sorted(every) == sorted(CHOSEN[kind])
    assert layers.chosen(recommender, ("scores",)) == ("scores",)
    assert layers.chosen(recommender, ("*",)) == every
    assert layers.chosen(recommender, ("s?ores", "*s")) == tuple(name for name in every if name.endswith("s"))


def test_a_pattern_that_matches_nothing_is_refused_with_the_names_there_are(served: Of) -> None:
    with pytest.raises(RecipeError, match="no table or dense layer matches 'item'; gru has items, scores"):
        layers.chosen(served("gru"), ("scores", "item"))


@pytest.mark.parametrize(
    ("kind", "dense"),
    [
        ("mf", ()),
        ("gru", ()),
        ("neumf", ("deep_0", "deep_1")),
        ("attention", ("query", "values", "keys", "state")),
        ("two_towers", ("user_vector",)),
    ],
)
def test_the_layer_that_scores_is_not_among_the_dense_ones_before_it(
    served: Of, kind: str, dense: tuple[str, ...]
) -> None:
    assert layers.dense_before_scores(served(kind)) == dense


def test_the_layers_that_earlier_steps_made_are_known_by_kind(served: Of) -> None:
    recommender = served("attention")
    earlier = (Prune(0.5, layers=("items",)), Cluster(8, layers=("scores", "state")), QuantizeAware())
    assert layers.made_by(recommender, earlier) == {"items", "scores", "state"}
    assert layers.made_by(recommender, earlier, Prune) == {"items"}
    assert layers.made_by(recommender, earlier, Cluster) == {"scores", "state"}
    assert layers.made_by(recommender, ()) == frozenset()


def test_wrapping_leaves_the_recommender_alone_and_holds_what_it_is_told_to(
    served: Of, untouched: Callable[[Recommender], None], keras: Any
) -> None:
    recommender = served("gru")
    untouched(recommender)
    seen: list[str] = []

    def wrapper(layer: Any) -> Any:
        seen.append(layer.name)
        return layer

    model = layers.wrapped(recommender, ("scores",), wrapper, held=("items",))
    assert seen == ["scores"]
    assert {layer.name: layer.trainable for layer in model.layers if layer.weights} == {
        "items": False,
        "encoder": True,
        "scores": True,
    }
    result = layers.with_weights_of(recommender, model)
    assert all(layer.trainable for layer in result.model.layers)
    assert {id(one) for one in result.model.layers}.isdisjoint({id(one) for one in model.layers})
    for before, after in zip(recommender.model.get_weights(), result.model.get_weights(), strict=True):
        assert np.array_equal(before, after)


def test_kernels_are_told_by_layer_with_their_zeros_and_values(served: Of) -> None:
    found = layers.kernels(served("gru"), ("items", "scores"))
    assert {name: kernel.shape for name, kernel in found.items()} == {"items": (97, 16), "scores": (16, 96)}
    kernel = np.array([[0, 1, -0.0], [1, 2, 3]], np.float32)
    assert layers.zero_share(kernel) == pytest.approx(2 / 6)
    assert layers.distinct(kernel) == 4


def test_layers_of_models_inside_are_chosen_and_those_inside_wrappers_are_named(nested: Recommender) -> None:
    assert layers.chosen(nested, ()) == ("encoder/table", "head/wide", "head/out", "scores")
    assert layers.chosen(nested, ("head/*",)) == ("head/wide", "head/out")
    assert layers.unreached(nested) == ("encoder/over_time/inside",)
    assert layers.unreached(nested, ("head/*",)) == ()
    with pytest.raises(RecipeError, match=r"no table .* matches 'inside'; .* other layers: encoder/over_time/inside"):
        layers.chosen(nested, ("inside",))


def test_a_model_of_which_nothing_is_reached_is_refused(nested: Recommender, keras: Any) -> None:
    given = keras.Input((4, 3))
    inside = keras.layers.TimeDistributed(keras.layers.Dense(2, name="inside"), name="over_time")(given)
    unreachable = nested.with_model(keras.Model(given, inside))
    with pytest.raises(RecipeError, match=r"nested has no table or dense layer .* layers: over_time/inside\): leave"):
        layers.chosen(unreachable, ())
