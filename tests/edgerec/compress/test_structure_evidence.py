from collections.abc import Callable

import numpy as np
import pytest

from edgerec.compress.structure_evidence import column_evidence, rankable, readers
from edgerec.criteria.criterion import Criterion
from edgerec.criteria.gradient import Fisher
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.mutual_information import MutualInformation
from edgerec.criteria.reset import Reset
from edgerec.criteria.variance import MaxVariance
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]


@pytest.mark.parametrize(
    ("kind", "criterion", "names"),
    [
        ("gru", Magnitude(), {"items", "encoder"}),
        ("gru", MaxVariance(), {"items", "encoder"}),
        ("gru", Fisher(), {"items"}),
        ("gru", MutualInformation(), {"encoder"}),
        ("attention", Magnitude(), {"items", "query", "keys", "values", "state"}),
        ("attention", MaxVariance(), {"items", "values", "state"}),
        ("neumf", MutualInformation(), set()),
    ],
)
def test_a_criterion_ranks_the_layers_of_which_it_can_know_what_it_needs(
    served: Of, kind: str, criterion: Criterion, names: set[str]
) -> None:
    found = rankable(served(kind), criterion)
    assert set(found) == names
    assert set(found.values()) <= {16}


def test_columns_are_looked_at_where_they_are_read_or_where_they_are_made(
    served: Of, interactions: Interactions
) -> None:
    given = served("gru")
    assert set(readers(given, MaxVariance())) == {"encoder", "scores"}
    assert readers(given, MutualInformation()) == ("scores",)
    moments = column_evidence(given, MaxVariance(), ["items"], interactions, seed=0)
    assert all(each.second_moment is not None and each.second_moment.shape == (16, 16) for each in moments.values())
    pairs = column_evidence(given, MutualInformation(), ["encoder"], interactions, seed=0)
    assert [name for name, each in pairs.items() if each.labelled is not None] == ["scores"]
    made = column_evidence(given, Fisher(), ["items"], interactions, seed=0)
    assert made["items"].gradients is not None


def test_initial_weights_of_a_gru_stand_as_its_columns_are_made(served: Of, interactions: Interactions) -> None:
    given = served("gru")
    found = column_evidence(given, Reset("initial"), ["encoder"], interactions, initial=given.clone(), seed=0)
    kernel, recurrent, _ = given.model.get_layer("encoder").get_weights()
    initial = found["encoder"].initial
    assert initial is not None
    assert initial.shape == (96, 16)
    assert np.isclose(np.square(initial).sum(), np.square(kernel).sum() + np.square(recurrent).sum())
