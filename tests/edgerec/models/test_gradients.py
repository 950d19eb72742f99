from collections.abc import Callable

import numpy as np
import pytest

from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split
from edgerec.models.gradients import gradients
from edgerec.models.recommender import Recommender

Build = Callable[..., Recommender]


def loss(recommender: Recommender, data: Interactions) -> float:
    """Give the mean cross-entropy of what every user took, in NumPy."""
    scores = np.asarray(recommender.model({"user": data.user}, training=False)).astype(np.float64)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(data)), data.item].mean())


def moved(recommender: Recommender, layer: str, place: tuple[int, int], by: float) -> Recommender:
    copy = recommender.clone()
    weights = copy.model.get_layer(layer).get_weights()
    weights[0][place] += by
    copy.model.get_layer(layer).set_weights(weights)
    return copy


@pytest.mark.parametrize("layer", ["users", "scores"])
def test_the_mean_is_the_slope_of_the_training_loss_without_dropout(tiny: Build, blocks: Split, layer: str) -> None:
    given, data = tiny("mf", columns=4, dropout=0.5), blocks.train
    found = gradients(given, data, seed=0, batch=len(data))[layer]
    random = np.random.default_rng(0)
    for _ in range(5):
        place = (int(random.integers(found.mean.shape[0])), int(random.integers(found.mean.shape[1])))
        ends = [loss(moved(given, layer, place, by), data) for by in (0.02, -0.02)]
        assert np.isclose(found.mean[place], (ends[0] - ends[1]) / 0.04, atol=2e-5, rtol=0.02)
    assert np.allclose(found.mean_square, found.mean**2)


def test_over_batches_it_is_their_mean_and_the_mean_of_their_squares(tiny: Build, blocks: Split) -> None:
    given, data = tiny("mf", columns=4), blocks.train
    whole = gradients(given, data, seed=0, batch=len(data))
    found = gradients(given, data, seed=0, batch=len(data) // 2)
    lost = 1e-2 if len(data) % 2 else 0  # one row that fills no batch
    for name in ("users", "scores"):
        assert np.allclose(found[name].mean, whole[name].mean, atol=1e-6 + lost)
        # Of two batches a and b: (a^2 + b^2) / 2 is never below ((a + b) / 2)^2.
        assert (found[name].mean_square >= found[name].mean ** 2 - 1e-12).all()
        assert (found[name].mean_square > found[name].mean ** 2 + 1e-9).any()


@pytest.mark.parametrize("kind", ["mf", "neumf", "gru", "attention", "two_towers"])
def test_every_table_and_dense_kernel_of_every_kind_has_one_and_nothing_is_learned(
    tiny: Build, blocks: Split, kind: str
) -> None:
    given = tiny(kind, dropout=0.5)
    before = given.digest()
    one, again, other = (gradients(given, blocks.train, seed=seed, batch=16) for seed in (1, 1, 2))
    assert given.digest() == before
    kernels = {
        layer.name: layer.get_weights()[0].shape
        for layer in given.model.layers
        if type(layer).__name__ in {"Embedding", "Dense"}
    }
    assert {name: found.mean.shape for name, found in one.items()} == kernels
    for name, found in one.items():
        assert found.mean.any(), name
        assert np.array_equal(found.mean, again[name].mean)
        assert np.array_equal(found.mean_square, again[name].mean_square)
    assert any(not np.array_equal(one[name].mean_square, other[name].mean_square) for name in one)


def test_a_frozen_layer_has_gradients_too(tiny: Build, blocks: Split) -> None:
    given = tiny("mf")
    given.model.get_layer("users").trainable = False
    free = gradients(tiny("mf"), blocks.train, seed=0)["users"]
    assert np.allclose(gradients(given, blocks.train, seed=0)["users"].mean, free.mean, atol=1e-7)
