from collections.abc import Callable

import numpy as np
import pytest

from edgerec.compress import layers
from edgerec.compress.evidence import evidence
from edgerec.criteria.co_occurrence import CoOccurrence
from edgerec.criteria.criterion import saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.gradient import Fisher
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.mutual_information import MutualInformation
from edgerec.criteria.popularity import Popularity
from edgerec.criteria.reset import Reset
from edgerec.criteria.variance import MaxVariance
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
USERS, ITEMS, TAKEN = 72, 96, 8


def test_users_items_and_scores_are_counted(served: Of, interactions: Interactions) -> None:
    found = evidence(served("mf"), Popularity().needs, ["users", "scores"], interactions, seed=0)
    assert found["users"].popularity is not None
    assert found["scores"].popularity is not None
    assert found["users"].popularity.tolist() == [TAKEN] * USERS
    assert np.array_equal(found["scores"].popularity, interactions.popularity())
    found = evidence(served("neumf"), Popularity().needs, ["items_deep", "deep_0"], interactions, seed=0)
    assert found["items_deep"].popularity is not None
    assert np.array_equal(found["items_deep"].popularity, interactions.popularity())
    assert found["deep_0"].popularity is None


def test_the_padding_row_of_a_history_is_no_candidate(served: Of, interactions: Interactions) -> None:
    given = served("gru")
    found = evidence(given, Popularity().needs, ["items"], interactions, seed=0)["items"]
    assert found.popularity is not None
    assert found.popularity[:ITEMS].tolist() == interactions.popularity().tolist()
    assert found.popularity[ITEMS] == USERS * 3  # histories of 1, 2 and 3 items in rows of 4
    taken = evidence(given, CoOccurrence().needs, ["items"], interactions, seed=0)["items"]
    assert saliency(CoOccurrence(), layers.kernels(given, ["items"])["items"], taken, "row")[ITEMS] == 1


def test_gradients_and_initial_weights_stand_as_the_table_does(served: Of, interactions: Interactions) -> None:
    given = served("mf")
    initial = given.clone()
    found = evidence(given, Fisher().needs, ["scores"], interactions, seed=0)["scores"]
    assert found.gradients is not None
    assert found.gradients.mean.shape == (ITEMS, 16)
    start = evidence(given, Reset("initial").needs, ["scores", "users"], interactions, initial=initial, seed=0)
    assert np.array_equal(start["scores"].initial, layers.kernels(given, ["scores"])["scores"].T)
    assert evidence(given, Reset("initial").needs, ["scores"], interactions, seed=0)["scores"].initial is None


def test_vectors_are_what_the_scores_are_made_of(served: Of, interactions: Interactions) -> None:
    given = served("gru")
    found = evidence(given, MutualInformation().needs, ["scores", "items"], interactions, seed=0)
    assert found["items"].vectors is None
    vectors, pairs = found["scores"].vectors, found["scores"].labelled
    assert vectors is not None
    assert pairs is not None
    kernel, bias = given.model.get_layer("scores").get_weights()
    from edgerec.models.examples import examples

    columns, target = examples(given.roles, interactions)
    assert np.allclose(vectors @ kernel + bias, np.asarray(given.model(columns, training=False)), atol=1e-4)
    assert np.array_equal(pairs.rows[pairs.labels == 1], target[pairs.vectors[pairs.labels == 1]])
    information = saliency(MutualInformation(), kernel.T, found["scores"], "column")
    assert (information > 0).all()
    moment = evidence(given, MaxVariance().needs, ["scores"], interactions, seed=0)["scores"].second_moment
    assert np.allclose(moment, vectors.T @ vectors / len(vectors), atol=1e-4)


def test_only_what_is_needed_is_collected(served: Of, interactions: Interactions) -> None:
    found = evidence(served("mf"), Magnitude().needs, ["users"], interactions, seed=0)["users"]
    assert all(getattr(found, name) is None for name in ("popularity", "taken", "gradients", "vectors", "initial"))


def test_what_cannot_be_told_is_refused_by_name(served: Of, interactions: Interactions) -> None:
    given = served("neumf")
    found = evidence(given, MutualInformation().needs, ["items_product"], interactions, seed=0)["items_product"]
    with pytest.raises(CriterionError, match="mutual_information needs vectors and labelled, got no statistics"):
        saliency(MutualInformation(), layers.kernels(given, ["items_product"])["items_product"], found, "column")
