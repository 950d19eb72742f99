from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from converters.spec import PRECISIONS, ConversionSpec
from edgerec.compress.errors import RecipeError
from edgerec.compress.rules import refuse
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]


@pytest.mark.parametrize("kind", ["mf", "neumf", "gru", "attention", "two_towers"])
def test_reference_models_are_refused_in_no_precision_but_a_gru_in_int16(served: Of, kind: str) -> None:
    for precision in PRECISIONS:
        if (kind, precision) == ("gru", "int16"):
            with pytest.raises(
                RecipeError, match=r"int16 activations break GRU \(layer encoder\).*use full_int8 or int8"
            ):
                refuse(served(kind), ConversionSpec(precision))
        else:
            refuse(served(kind), ConversionSpec(precision))


def with_layer(recommender: Recommender, keras: Any, layer: Any) -> Recommender:
    history = keras.Input((4,), dtype="int32", name="history")
    state = layer(keras.layers.Embedding(97, 8)(history))
    model = keras.Model(history, keras.layers.Dense(96)(keras.layers.Flatten()(state)))
    return replace(recommender, model=model)


def test_layer_normalization_is_refused_in_int16_only(served: Of, keras: Any) -> None:
    normalized = with_layer(served("gru"), keras, keras.layers.LayerNormalization(name="norm"))
    refuse(normalized, ConversionSpec("full_int8"))
    with pytest.raises(RecipeError, match=r"int16 activations break LayerNormalization \(layer norm\)"):
        refuse(normalized, ConversionSpec("int16"))


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_a_rolled_layer_is_refused_where_it_kills_the_converter(served: Of, keras: Any, kind: str) -> None:
    layer = getattr(keras.layers, kind)
    rolled = with_layer(served("gru"), keras, layer(8, name="encoder"))
    with pytest.raises(RecipeError, match=rf"full_int8 of a rolled {kind} \(layer encoder\) kills the converter"):
        refuse(rolled, ConversionSpec("full_int8"))
    refuse(with_layer(served("gru"), keras, layer(8, unroll=True)), ConversionSpec("full_int8"))


@pytest.mark.parametrize("precision", ["full_int8", "int16"])
def test_a_layer_inside_another_is_refused_by_its_path(served: Of, keras: Any, precision: str) -> None:
    layers = keras.layers
    rolled = with_layer(served("gru"), keras, layers.Bidirectional(layers.GRU(8, name="gru"), name="both"))
    with pytest.raises(RecipeError, match=rf"{precision}.*GRU \(layer both/\w*gru\)"):
        refuse(rolled, ConversionSpec(precision))
    inside = keras.Sequential([layers.GRU(8, return_sequences=True, name="deep")], name="inside")
    with pytest.raises(RecipeError, match=rf"{precision}.*GRU \(layer inside/deep\)"):
        refuse(with_layer(served("gru"), keras, inside), ConversionSpec(precision))
    unrolled = with_layer(served("gru"), keras, layers.Bidirectional(layers.GRU(8, unroll=True)))
    refuse(unrolled, ConversionSpec("full_int8"))
