from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgerec.data.splitting import Split
from edgerec.models import reference
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE, KINDS, POINTWISE, TWO_TOWERS
from edgerec.models.training import Fit, probe

USERS, ITEMS, LENGTH, COLUMNS = 60, 40, 4, 8
NAMES = tuple(reference.REFERENCE_MODELS)
Build = Callable[..., Recommender]


def test_every_public_builder_is_a_reference_model() -> None:
    builders = {each.build for each in reference.REFERENCE_MODELS.values()}
    own = {
        value
        for name, value in vars(reference).items()
        if callable(value) and getattr(value, "__module__", "") == reference.__name__ and not name.startswith("_")
    }
    assert builders == own - {reference.Reference}
    assert set(NAMES) == {"mf", "neumf", "gru", "attention", "two_towers"}


def test_training_settings_are_those_that_were_measured() -> None:
    told = {name: (each.fit.epochs, each.fit.batch) for name, each in reference.REFERENCE_MODELS.items()}
    assert told == {
        "mf": (12, 256),
        "neumf": (3, 256),
        "gru": (6, 256),
        "attention": (6, 256),
        "two_towers": (8, 512),
    }
    assert all(each.fit == Fit(each.fit.epochs, each.fit.batch, 2e-3) for each in reference.REFERENCE_MODELS.values())


@pytest.mark.parametrize(
    ("name", "kind", "inputs", "width"),
    [
        ("mf", CATALOGUE, {"user": ("user", 0, USERS, None)}, ITEMS),
        ("neumf", POINTWISE, {"user": ("user", 0, USERS, None), "item": ("item", 0, ITEMS, None)}, 1),
        ("gru", CATALOGUE, {"history": ("history", LENGTH, ITEMS + 1, ITEMS)}, ITEMS),
        ("attention", CATALOGUE, {"history": ("history", LENGTH, ITEMS + 1, ITEMS)}, ITEMS),
        ("two_towers", TWO_TOWERS, {"user": ("user", 0, USERS, None)}, 2 * COLUMNS),
    ],
)
def test_roles_and_shapes(
    *, name: str, kind: str, inputs: dict[str, Any], width: int, tiny: Build, blocks: Split
) -> None:
    built = tiny(name)
    assert (built.roles.name, built.roles.kind, built.roles.items) == (name, kind, ITEMS)
    assert built.roles.kind in KINDS
    assert {one.name: (one.role, one.length, one.ids, one.padding_id) for one in built.roles.inputs} == inputs
    fed = probe(built, blocks.train, rows=7)
    names = {tensor.name for tensor in built.model.inputs}
    assert set(fed) == names
    assert names - set(inputs) == ({"item", "item_features"} if kind == TWO_TOWERS else set())
    assert built.model(fed).shape == (7, width)
    assert built.model(fed).dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_built_in_and_named(name: str, tiny: Build, keras: Any) -> None:
    for layer in tiny(name).model.layers:
        assert type(layer) is getattr(keras.layers, type(layer).__name__)
        assert not layer.name.rpartition("_")[2].isdecimal() or layer.name in {"deep_0", "deep_1"}


def test_the_gru_is_unrolled_with_a_free_batch_axis(tiny: Build) -> None:
    model = tiny("gru").model
    assert model.get_layer("encoder").unroll
    assert tuple(model.inputs[0].shape) == (None, LENGTH)


def test_the_last_item_asks_and_the_whole_history_answers(tiny: Build) -> None:
    """The attention model in NumPy, from its own weights."""
    built = tiny("attention")
    weights = {layer.name: [each.numpy() for each in layer.weights] for layer in built.model.layers}
    history = np.random.default_rng(1).integers(0, ITEMS + 1, (5, LENGTH)).astype(np.int32)
    steps = weights["items"][0][history]
    query, keys, values = (
        part @ weights[name][0] + weights[name][1]
        for name, part in (("query", steps[:, -1:]), ("keys", steps), ("values", steps))
    )
    attended = np.exp(query @ keys.transpose(0, 2, 1))
    context = attended / attended.sum(axis=2, keepdims=True) @ values
    both = np.concatenate([context[:, 0], steps[:, -1]], axis=1)
    state = np.tanh(both @ weights["state"][0] + weights["state"][1])
    scores = state @ weights["scores"][0] + weights["scores"][1]
    assert np.asarray(built.model(history)) == pytest.approx(scores, abs=1e-6)


def test_without_dropout_setting_a_model_drops_out(tiny: Build, keras: Any) -> None:
    for name in NAMES:
        kept = [layer for layer in tiny(name, dropout=0.25).model.layers if isinstance(layer, keras.layers.Dropout)]
        assert kept
        assert {layer.rate for layer in kept} == {0.25}
