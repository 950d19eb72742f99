from collections.abc import Callable

import numpy as np

from edgerec.compress import layers
from edgerec.compress.row_gradients import moments_at_rows
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.session import session

Of = Callable[[str], Recommender]


def test_a_row_that_scores_are_made_of_is_multiplied_by_the_items_that_the_model_takes_for_likely(
    served: Of, interactions: Interactions
) -> None:
    given = served("mf")
    kernels = layers.kernels(given, ["users", "scores"])
    items, bias = kernels["scores"].T.astype(np.float64), given.model.get_layer("scores").get_weights()[1]
    told = np.exp(kernels["users"] @ items.T + bias)
    told /= told.sum(axis=1, keepdims=True)
    means = told @ items
    fisher = items.T @ (items * told.mean(axis=0)[:, None]) - means.T @ means / len(means)
    found = moments_at_rows(given, ["users"], interactions, seed=0)["users"]
    assert np.linalg.norm(found - fisher) < 0.3 * np.linalg.norm(fisher)
    assert np.array_equal(moments_at_rows(given, ["users"], interactions, seed=0)["users"], found)


def test_what_moves_the_scores_of_all_items_alike_counts_for_nothing(served: Of, interactions: Interactions) -> None:
    given = served("mf")
    shifted = given.clone()
    scores = shifted.model.get_layer("scores")
    kernel, bias = scores.get_weights()
    scores.set_weights([kernel + np.linspace(-1, 1, len(kernel), dtype=np.float32)[:, None], bias])
    plain, moved = (moments_at_rows(each, ["users"], interactions, seed=0)["users"] for each in (given, shifted))
    assert np.allclose(plain, moved, atol=1e-4 * np.trace(plain))


def test_rows_of_histories_and_of_pairs_count_too(served: Of, interactions: Interactions) -> None:
    histories = moments_at_rows(served("gru"), ["items"], interactions, seed=0)
    pairs = moments_at_rows(served("neumf"), ["users_deep", "items_product"], interactions, seed=0)
    for moment in (histories | pairs).values():
        assert moment.shape == (16, 16)
        assert np.allclose(moment, moment.T)
        assert np.trace(moment) > 0


def test_what_the_process_seeded_before_changes_no_moment(served: Of, interactions: Interactions) -> None:
    session().seed(7)
    after_another = moments_at_rows(served("gru"), ["items"], interactions, seed=0)["items"]
    session().seed(8)
    assert np.array_equal(moments_at_rows(served("gru"), ["items"], interactions, seed=0)["items"], after_another)


def test_no_table_has_no_moment(served: Of, interactions: Interactions) -> None:
    assert moments_at_rows(served("mf"), [], interactions, seed=0) == {}
