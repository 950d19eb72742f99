from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgerec.data.splitting import Split
from edgerec.models.recommender import ARCHITECTURE, ModelError, Recommender, known, read_roles
from edgerec.models.training import probe

KINDS = ("mf", "neumf", "gru", "attention", "two_towers")
Build = Callable[..., Recommender]


@pytest.fixture(scope="module")
def quantized(keras: Any, blocks: Split) -> Recommender:
    """A recommender with TF-MOT's quantizers in it and a softmax at its end."""
    from device_tests.manifest import Input
    from edgerec.models.roles import CATALOGUE, Roles
    from edgerec.models.session import session

    layers, quantization = keras.layers, session().tfmot.quantization.keras
    history = keras.Input((4,), dtype="int32", name="history")
    state = layers.Flatten()(layers.Embedding(41, 4, name="items")(history))
    state = quantization.quantize_annotate_layer(layers.Dense(4, activation="relu", name="state"))(state)
    model = keras.Model(history, layers.Dense(40, activation="softmax", name="scores")(state))
    roles = Roles("quantized", CATALOGUE, (Input("history", "history", 4, 41, 40),), 40)
    with quantization.quantize_scope():
        return Recommender(roles, quantization.quantize_apply(model))


@pytest.mark.parametrize("name", KINDS)
def test_files_give_the_same_recommender_back(name: str, tiny: Build, blocks: Split) -> None:
    before = tiny(name)
    after = Recommender.from_files(before.to_files())
    inputs = probe(before, blocks.train)
    assert np.array_equal(before.model(inputs), after.model(inputs))
    assert after.roles == before.roles == read_roles(before.to_files())
    assert after.digest() == before.digest()
    assert after.to_files() == before.to_files()
    if name == "two_towers":
        assert np.array_equal(after.features, before.features)


def test_quantizers_survive_files_and_clones(quantized: Recommender, blocks: Split) -> None:
    inputs = probe(quantized, blocks.train)
    for copy in (Recommender.from_files(quantized.to_files()), quantized.clone()):
        assert np.array_equal(copy.model(inputs), quantized.model(inputs))
        assert copy.digest() == quantized.digest()


def test_tfmot_is_imported_for_its_own_models_alone(keras: Any) -> None:
    assert type(known('{"class_name": "Dense"}')).__name__ == "nullcontext"
    assert type(known('{"class_name": "QuantizeWrapperV2"}')).__name__ == "CustomObjectScope"


def test_a_clone_is_independent(tiny: Build) -> None:
    original = tiny("gru")
    digest, copy = original.digest(), original.clone()
    assert copy.digest() == digest
    copy.model.get_layer("scores").bias.assign_add(np.ones(40, np.float32))
    assert original.digest() == digest != copy.digest()


def test_two_models_built_in_one_process_are_the_same(tiny: Build) -> None:
    for name in KINDS:
        assert tiny(name, dropout=0.2).digest() == tiny(name, dropout=0.2).digest()


def test_the_digest_tells_one_weight_a_role_and_a_feature_apart(tiny: Build) -> None:
    towers = tiny("two_towers")
    digests = {towers.digest()}
    changed = towers.clone()
    weights = changed.model.get_weights()
    weights[0][3, 2] = np.nextafter(weights[0][3, 2], np.float32(1))
    changed.model.set_weights(weights)
    digests.add(changed.digest())
    digests.add(replace(towers, roles=replace(towers.roles, name="other")).digest())
    assert towers.features is not None
    digests.add(replace(towers, features=towers.features * 2).digest())
    digests.add(replace(towers, features=np.ascontiguousarray(towers.features.reshape(-1, 1))).digest())
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((np.nan,), "1 NaN"),
        ((np.inf, -np.inf), "2 infinite values"),
        ((np.nan, np.nan, np.inf), "2 NaN and 1 infinite values"),
    ],
)
def test_weights_that_are_no_numbers_are_refused_by_name(values: tuple[float, ...], told: str, tiny: Build) -> None:
    broken = tiny("gru")
    kernel = broken.model.get_layer("scores").kernel
    spoiled = kernel.numpy()
    spoiled.flat[: len(values)] = values
    kernel.assign(spoiled)
    with pytest.raises(ModelError, match=f"weight 4:scores/kernel:0 of gru holds {told}; train it again"):
        Recommender(broken.roles, broken.model)
    with pytest.raises(ModelError, match=told):
        Recommender.from_files(broken.to_files())


def test_the_architecture_is_json_without_code(tiny: Build) -> None:
    files = tiny("attention").to_files()
    assert b"Lambda" not in files[ARCHITECTURE]
    assert all(isinstance(data, bytes) for data in files.values())
