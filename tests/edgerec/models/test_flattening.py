from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_tests.manifest import Input
from edgerec.config import ModelSetting
from edgerec.models import flattening
from edgerec.models.flattening import flat
from edgerec.models.loading import load
from edgerec.models.recommender import ModelError

LENGTH, ITEMS = 4, 40


def nested(keras: Any, *, masked: bool = False, frozen: bool = False) -> Any:
    """Give a model of an encoder with a table, which holds a model itself, and a head that is called twice."""
    layers = keras.layers
    keras.utils.set_random_seed(1)
    vectors = keras.Input((LENGTH, 8), name="vectors")
    deepest = keras.Model(vectors, layers.GRU(8, unroll=True, name="state")(vectors), name="deepest")
    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    encoder = keras.Model(
        ids, deepest(layers.Embedding(ITEMS + 1, 8, mask_zero=masked, name="table")(ids)), name="encoder"
    )
    encoder.trainable = not frozen
    head = keras.Sequential(
        [layers.Dense(16, "relu", name="dense"), layers.Dropout(0.5), layers.Dense(8, name="out")], name="head"
    )
    history = keras.Input((LENGTH,), dtype="int32", name="history")
    once = head(encoder(history))
    return keras.Model(history, layers.Dense(ITEMS, name="scores")(head(once)), name="nested")


def random_ids() -> np.ndarray:
    return np.random.default_rng(0).integers(0, ITEMS + 1, (64, LENGTH)).astype(np.int32)


@pytest.mark.parametrize("masked", [False, True])
def test_layers_of_models_inside_are_named_by_their_path_and_answer_the_same(keras: Any, masked: bool) -> None:
    model = nested(keras, masked=masked)
    opened = flat(model)
    named = [layer.name for layer in opened.layers if layer.weights]
    assert sorted(named) == ["encoder/deepest/state", "encoder/table", "head/dense", "head/out", "scores"]
    assert not any(isinstance(layer, keras.Model) for layer in opened.layers)
    assert [tensor.name for tensor in opened.inputs] == ["history"]
    assert np.array_equal(model(random_ids()), opened(random_ids()))


def test_a_model_called_twice_keeps_one_set_of_weights(keras: Any) -> None:
    model = nested(keras)
    opened = flat(model)
    assert opened.count_params() == model.count_params()
    dense = opened.get_layer("head/dense")
    dense.set_weights([np.zeros_like(values) for values in dense.get_weights()])
    assert not np.array_equal(model(random_ids()), opened(random_ids()))  # and none is shared with the one given
    assert len(dense.inbound_nodes) == 2


def test_a_model_without_one_inside_is_given_back(keras: Any) -> None:
    history = keras.Input((LENGTH,), dtype="int32")
    model = keras.Model(history, keras.layers.Flatten()(keras.layers.Embedding(5, 2)(history)))
    assert flat(model) is model


def test_what_was_frozen_stays_frozen(keras: Any) -> None:
    opened = flat(nested(keras, frozen=True))
    assert {layer.name.split("/")[0] for layer in opened.layers if layer.weights and not layer.trainable} == {"encoder"}


def test_a_model_that_is_called_as_in_serving_stays_so(keras: Any) -> None:
    inner = keras.Sequential([keras.layers.Dropout(0.9), keras.layers.Dense(4)], name="inner")
    given = keras.Input((4,), name="given")
    model = keras.Model(given, inner(given, training=False))
    ones = np.ones((2, 4), np.float32)
    assert np.array_equal(flat(model)(ones, training=True), model(ones, training=True))


def test_inputs_of_a_model_inside_go_by_name(keras: Any) -> None:
    left, right = keras.Input((2,), name="b"), keras.Input((2,), name="a")
    inner = keras.Model([left, right], keras.layers.Subtract()([left, right]), name="inner")
    one, two = keras.Input((2,), name="one"), keras.Input((2,), name="two")
    opened = flat(keras.Model([one, two], inner({"a": two, "b": one})))
    assert np.asarray(opened([np.ones((1, 2)), np.zeros((1, 2))])).tolist() == [[1, 1]]


def test_an_output_that_changed_is_refused(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flattening._Opened, "called", _from_elsewhere(flattening._Opened.called))
    with pytest.raises(ModelError, match="laying open the models inside nested changed an output by"):
        flat(nested(keras))


def _from_elsewhere(called: Callable[..., Any]) -> Callable[..., Any]:
    def twice(*arguments: Any) -> Any:
        return [2 * each for each in called(*arguments)]

    return twice


def test_roles_are_told_of_tables_inside(keras: Any, saved: Callable[[Any, Path], Path], tmp_path: Path) -> None:
    for name in ("nested.keras", "nested.h5"):
        model = nested(keras)
        loaded = load(ModelSetting(saved(model, tmp_path / name)))
        assert loaded.roles.inputs == (Input("history", "history", LENGTH, ITEMS + 1, ITEMS),)
        assert np.array_equal(loaded.model(random_ids()), model(random_ids()))
        again = type(loaded).from_files(loaded.clone().to_files())
        assert np.array_equal(again.model(random_ids()), model(random_ids()))
