from collections.abc import Callable

import numpy as np
import pytest

from edgerec.compress import layers
from edgerec.compress.clustering import _refuse, cluster
from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import Cluster, Prune
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
Note = Callable[[Recommender], None]

ONE = Cluster(16, epochs=1)
PRUNED = Prune(0.5, epochs=2)


def kernels(recommender: Recommender) -> dict[str, np.ndarray]:
    return layers.kernels(recommender, layers.chosen(recommender, ()))


def with_kernel(recommender: Recommender, name: str, kernel: np.ndarray) -> Recommender:
    copy = recommender.clone()
    layer = copy.model.get_layer(name)
    layer.set_weights([kernel.astype(np.float32), *layer.get_weights()[1:]])
    return copy


@pytest.mark.parametrize("kind", ["mf", "neumf", "gru", "attention", "two_towers"])
def test_kernels_have_few_values_and_the_zeros_that_they_had(clustered: Of, pruned: Of, kind: str) -> None:
    result, given = clustered(kind), pruned(kind)
    before = kernels(given)
    for name, kernel in kernels(result).items():
        assert layers.distinct(kernel) <= 16, name
        assert (kernel[before[name] == 0] == 0).all(), name
    assert result.model.to_json() == given.model.to_json()


def test_a_dense_model_is_clustered_too_and_the_given_one_is_left_alone(
    served: Of, interactions: Interactions, untouched: Note
) -> None:
    given = served("gru")
    untouched(given)
    result = cluster(given, Cluster(8, layers=("items",)), interactions, seed=0)
    found = {name: layers.distinct(kernel) for name, kernel in kernels(result).items()}
    assert found["items"] <= 8
    assert found["scores"] > 256


def test_zeros_of_layers_that_are_not_clustered_are_held(pruned: Of, interactions: Interactions) -> None:
    given = pruned("gru")
    result = cluster(given, Cluster(16, layers=("scores",)), interactions, earlier=(PRUNED,), seed=0)
    before, after = kernels(given), kernels(result)
    assert np.array_equal(before["items"], after["items"])
    assert layers.distinct(after["scores"]) <= 16
    assert all(layer.trainable for layer in result.model.layers)


def test_a_kernel_with_fewer_values_than_clusters_stays_as_it_is(served: Of, interactions: Interactions) -> None:
    random = np.random.default_rng(0)
    for values in (np.array([0.5]), np.array([0, 0.5]), np.linspace(-1, 1, 16)):
        given = with_kernel(served("gru"), "items", random.choice(values, (97, 16)))
        result = cluster(given, ONE, interactions, seed=0)
        assert np.array_equal(kernels(given)["items"], kernels(result)["items"])
        assert layers.distinct(kernels(result)["scores"]) <= 16


def test_a_kernel_with_one_value_more_than_clusters_is_clustered(served: Of, interactions: Interactions) -> None:
    values = np.concatenate([np.zeros(8), np.linspace(0.1, 1, 16)])  # a third is zero: they are kept
    given = with_kernel(served("gru"), "items", np.random.default_rng(0).choice(values, (97, 16)))
    result = cluster(given, Cluster(16, layers=("items",)), interactions, seed=0)
    before, after = kernels(given)["items"], kernels(result)["items"]
    assert layers.distinct(after) <= 16
    assert (after[before == 0] == 0).all()


def test_zeros_of_a_barely_pruned_layer_are_kept_where_a_step_made_them(served: Of, interactions: Interactions) -> None:
    barely = Prune(0.02, layers=("items",))
    table = kernels(served("gru"))["items"].copy()
    table.flat[: int(0.02 * table.size)] = 0
    result = cluster(with_kernel(served("gru"), "items", table), ONE, interactions, earlier=(barely,), seed=0)
    assert (kernels(result)["items"][table == 0] == 0).all()


def test_two_clusters_leave_no_room_beside_zeros(pruned: Of, served: Of, interactions: Interactions) -> None:
    with pytest.raises(
        RecipeError, match=r"clusters is 2, expected 3 or more for layers with zeros to keep, such as it"
    ):
        cluster(pruned("gru"), Cluster(2), interactions, earlier=(PRUNED,), seed=0)
    result = cluster(served("gru"), Cluster(2), interactions, seed=0)
    assert max(layers.distinct(kernel) for kernel in kernels(result).values()) == 2


def test_a_pattern_without_a_layer_is_refused(served: Of, interactions: Interactions) -> None:
    with pytest.raises(RecipeError, match="no table or dense layer matches 'table'"):
        cluster(served("gru"), Cluster(8, layers=("table",)), interactions, seed=0)


def test_lost_zeros_and_too_many_values_are_refused() -> None:
    before = np.array([0, 0, 1, 2], np.float32)
    _refuse("items", before, np.array([0, 0, 1, 1], np.float32), 2, keeps_zeros=True)
    _refuse("items", before, np.array([0, 3, 3, 3], np.float32), 2, keeps_zeros=False)
    with pytest.raises(RecipeError, match="layer items lost 1 zeros"):
        _refuse("items", before, np.array([0, 3, 3, 3], np.float32), 2, keeps_zeros=True)
    with pytest.raises(RecipeError, match="layer items has 3 distinct values after clustering into 2"):
        _refuse("items", before, np.array([0, 0, 1, 2], np.float32), 2, keeps_zeros=True)
