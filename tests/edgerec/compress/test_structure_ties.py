from typing import Any

import numpy as np

from edgerec.compress.structure_ties import ties
from edgerec.models import reference


def test_a_product_ties_two_tables_and_a_pair_stands_side_by_side(keras: Any) -> None:
    found = ties(reference.neumf(5, 7, columns=3))
    assert np.array_equal(found.made["users_product"], found.made["items_product"])
    assert found.taken["deep_0"].tolist() == [*found.made["users_deep"], *found.made["items_deep"]]
    assert found.taken["scores"].tolist() == [*found.made["users_product"], *found.made["deep_1"]]
    assert set(found.made) == {
        "users_product",
        "items_product",
        "users_deep",
        "items_deep",
        "deep_0",
        "deep_1",
        "scores",
    }


def test_attention_ties_query_and_keys_and_flattening_repeats_columns(keras: Any) -> None:
    found = ties(reference.attention(7, length=3, columns=2))
    assert np.array_equal(found.made["query"], found.made["keys"])
    assert found.taken["state"].tolist() == [*found.made["values"], *found.made["items"]]
    for reader in ("query", "keys", "values"):
        assert np.array_equal(found.taken[reader], found.made["items"])


def test_outputs_and_features_are_fixed_and_say_why(keras: Any) -> None:
    features = np.ones((7, 2), np.float32)
    found = ties(reference.two_towers(5, features, columns=2))
    for name in ("user_vector", "item_vector"):
        assert {found.fixed[root] for root in found.made[name].tolist()} == {"an output of the model"}
    assert {found.fixed[root] for root in found.taken["item_features_deep"].tolist()} == {"an input of the model"}


def test_what_is_not_linear_is_bent(keras: Any) -> None:
    found = ties(reference.gru(7, length=2, columns=2))
    assert found.bent.keys() == set(found.made["encoder"].tolist())


def test_layers_of_another_model_around_the_same_ones_do_not_count(keras: Any) -> None:
    given = reference.matrix_factorization(5, 7, columns=2)
    before = ties(given)
    keras.layers.Softmax()(given.model.get_layer("users").output)
    after = ties(given)
    assert before.fixed == after.fixed
    assert {name: each.tolist() for name, each in after.made.items()} == {
        name: each.tolist() for name, each in before.made.items()
    }
