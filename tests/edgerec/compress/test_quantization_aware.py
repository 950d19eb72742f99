from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.quantization_aware import _refuse_what_was_lost, _unwrapped_kernels, quantize_aware
from edgerec.compress.steps import Cluster, Prune, QuantizeAware
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
Note = Callable[[Recommender], None]

STEP = QuantizeAware(epochs=1, learning_rate=1e-3)
PRUNE, CLUSTER = Prune(0.5, epochs=2), Cluster(16)


def wrapped(recommender: Recommender) -> set[str]:
    """Give the layers whose kernel TF-MOT quantizes."""
    return {
        layer.layer.name
        for layer in recommender.model.layers
        if any("kernel_min" in weight.name for weight in layer.weights)
    }


@pytest.mark.parametrize("kind", ["neumf", "attention", "two_towers"])
def test_zeros_and_clusters_survive_and_the_scoring_layer_is_left_out(
    trained_to_round: Of, clustered: Of, kind: str
) -> None:
    given, result = clustered(kind), trained_to_round(kind)
    assert wrapped(result) == set(layers.dense_before_scores(given))
    before, after = layers.kernels(given, layers.chosen(given, ())), _unwrapped_kernels(result)
    assert set(before) <= set(after)
    for name, kernel in before.items():
        assert (after[name][kernel == 0] == 0).all(), name
        assert layers.distinct(after[name]) <= layers.distinct(kernel), name
        if name not in wrapped(result):
            assert np.array_equal(kernel, after[name]), name
    assert any(not np.array_equal(before[name], after[name]) for name in wrapped(result))


@pytest.mark.parametrize(
    "earlier", [(), (PRUNE,), (CLUSTER,), (PRUNE, CLUSTER)], ids=["none", "prune", "cluster", "both"]
)
def test_a_model_trained_to_round_is_the_same_when_it_is_built_again_from_its_files(  # noqa: PLR0917 - fixtures
    served: Of,
    pruned: Of,
    clustered: Of,
    interactions: Interactions,
    untouched: Note,
    earlier: tuple[Prune | Cluster, ...],
) -> None:
    """TF-MOT's preserving schemes derive variables from random kernels when such a model is built again."""
    from edgerec.models.training import probe

    given = {(): served, (PRUNE,): pruned}.get(earlier, clustered)("two_towers")
    untouched(given)
    result = quantize_aware(given, STEP, interactions, earlier=earlier, seed=0)
    again = Recommender.from_files(result.to_files())
    inputs = probe(given, interactions)
    assert np.array_equal(result.model(inputs, training=False), again.model(inputs, training=False))
    assert again.digest() == result.digest()


def test_layers_that_no_earlier_step_made_go_on_learning(pruned: Of, interactions: Interactions) -> None:
    given = pruned("two_towers")
    tables_only = replace(PRUNE, layers=("users",))
    result = quantize_aware(given, STEP, interactions, earlier=(tables_only,), seed=0)
    before, after = layers.kernels(given, ("users", "user_vector", "scores")), _unwrapped_kernels(result)
    assert np.array_equal(before["users"], after["users"])
    assert not np.array_equal(before["scores"], after["scores"])
    assert not np.array_equal(before["user_vector"], after["user_vector"])


@pytest.mark.parametrize("kind", ["mf", "gru"])
def test_a_model_with_no_other_dense_layer_than_the_scoring_one_is_refused(
    served: Of, interactions: Interactions, kind: str
) -> None:
    with pytest.raises(RecipeError, match=f"{kind} has no dense layer but the one that scores.*leave the qat step out"):
        quantize_aware(served(kind), STEP, interactions, seed=0)


def test_lost_zeros_and_clusters_are_refused(clustered: Of, served: Of) -> None:
    before, after = clustered("two_towers"), served("two_towers")
    _refuse_what_was_lost(before, before, (PRUNE, CLUSTER))
    _refuse_what_was_lost(before, after, ())
    with pytest.raises(RecipeError, match=r"lost \d+ zeros in quantization-aware training"):
        _refuse_what_was_lost(before, after, (PRUNE,))
    with pytest.raises(RecipeError, match=r"went to \d+ distinct values in quantization-aware training"):
        _refuse_what_was_lost(before, after, (CLUSTER,))
