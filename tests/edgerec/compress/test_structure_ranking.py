from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given as every
from hypothesis import settings
from hypothesis import strategies as st

from edgerec.compress.errors import RecipeError
from edgerec.compress.evidence import evidence
from edgerec.compress.structure import remove
from edgerec.compress.structure_evidence import column_evidence
from edgerec.compress.structure_ranking import columns_left, left, ranked_columns
from edgerec.criteria.criterion import Criterion
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.gradient import Fisher
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.mutual_information import MutualInformation
from edgerec.criteria.selection import kept_indices
from edgerec.criteria.variance import MaxVariance, Variance
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]


def test_columns_by_the_weights_that_make_them_and_units_of_a_gru_by_every_gate(served: Of) -> None:
    given = served("gru")
    found = ranked_columns(given, Magnitude(), ["items", "encoder"], {})
    assert np.allclose(found["items"], np.linalg.norm(given.model.get_layer("items").get_weights()[0], axis=0))
    kernel, recurrent, _ = given.model.get_layer("encoder").get_weights()
    gates = np.concatenate([kernel, recurrent])
    expected = [np.linalg.norm(gates[:, unit :: len(found["encoder"])]) for unit in range(len(found["encoder"]))]
    assert np.allclose(found["encoder"], expected)


def test_tied_columns_have_one_rank(served: Of) -> None:
    found = ranked_columns(served("neumf"), Variance(), ["users_product", "items_product"], {})
    assert np.array_equal(found["users_product"], found["items_product"])


@pytest.mark.parametrize("criterion", [MaxVariance(), MutualInformation(), Fisher()], ids=lambda one: one.name)
@pytest.mark.parametrize(("kind", "layer"), [("mf", "users"), ("attention", "state"), ("two_towers", "user_vector")])
def test_a_column_that_says_nothing_is_the_first_to_go(
    served: Of, interactions: Interactions, criterion: Criterion, kind: str, layer: str
) -> None:
    given = served(kind).clone()
    maker = given.model.get_layer(layer)
    maker.set_weights([np.where(np.arange(values.shape[-1]) == 3, 0, values) for values in maker.get_weights()])
    known = evidence(given, criterion.needs, [layer, "scores"], interactions, seed=0)
    found = ranked_columns(given, criterion, [layer], known)[layer]
    kept = kept_indices(found, count=len(found) - 1)
    assert kept.tolist() == [column for column in range(len(found)) if column != 3]
    smaller = remove(given, {layer: kept})
    inputs = {tensor.name: np.zeros((1, *tensor.shape[1:]), np.int32) for tensor in given.model.inputs}
    assert np.allclose(smaller.model(inputs, training=False), given.model(inputs, training=False), atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "layer", "criterion"),
    [("neumf", "users_deep", MutualInformation()), ("attention", "query", MaxVariance())],
)
def test_columns_that_no_kernel_reads_in_which_a_criterion_ranks_are_refused(
    served: Of, kind: str, layer: str, criterion: Criterion
) -> None:
    with pytest.raises(
        RecipeError, match=f"columns of layer {layer} are not what a kernel reads in which {criterion.name}"
    ):
        ranked_columns(served(kind), criterion, [layer], {})


def test_what_several_kernels_read_is_ranked_in_all_of_them(served: Of, interactions: Interactions) -> None:
    given = served("attention")
    known = column_evidence(given, MaxVariance(), ["items"], interactions, seed=0)
    found = ranked_columns(given, MaxVariance(), ["items"], known)["items"]
    expected = np.zeros_like(found)
    for reader in ("query", "keys", "values", "state"):
        kernel = given.model.get_layer(reader).get_weights()[0][-len(found) :]
        moment = known[reader].second_moment
        assert moment is not None
        expected += np.diag(moment)[-len(found) :] * np.square(kernel.astype(np.float64)).sum(axis=1)
    assert np.allclose(found, expected)


MADE = {"one": np.array([0, 1, 2, 3]), "tied": np.array([0, 1, 2, 3]), "half": np.array([3, 4])}


def test_what_is_left_are_the_highest_and_the_same_of_tied_layers() -> None:
    ranked = {"one": np.array([4.0, 1, 1, 3]), "tied": np.array([0.0, 9, 9, 0]), "half": np.array([0.0, 5])}
    kept = {name: columns.tolist() for name, columns in left(ranked, MADE, 0.5).items()}
    assert kept == {"one": [0, 3], "tied": [0, 3], "half": [0]}


@every(st.integers(1, 12), st.floats(0.01, 0.99), st.integers(0, 99))
@settings(deadline=None)
def test_as_many_are_left_as_the_share_says(width: int, remove: float, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 3, width).astype(float)
    kept = left({"it": values}, {"it": np.arange(width)}, remove)["it"]
    assert len(kept) == columns_left(width, remove)
    gone = np.delete(values, kept)
    assert not len(gone) or not len(kept) or gone.max() <= values[kept].min()


def test_what_a_criterion_lacks_is_refused_by_name(served: Of) -> None:
    with pytest.raises(CriterionError, match="max_variance needs second_moment, got no statistics"):
        ranked_columns(served("mf"), MaxVariance(), ["users"], {})
    with pytest.raises(CriterionError, match="fisher needs gradients"):
        ranked_columns(served("gru"), Fisher(), ["encoder"], {})
