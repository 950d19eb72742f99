"""Which items stay, and what is asked of a model that has only those."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests.evaluation import EvaluationSet
from device_tests.manifest import Input
from device_tests.ragged import Ragged
from edgerec.compress import layers
from edgerec.compress.dropping import evaluation_of_kept, kept_items, roles_of_kept, without_dropped
from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import Drop
from edgerec.criteria.co_occurrence import twins
from edgerec.criteria.statistics import Taken
from edgerec.data.histories import histories
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.roles import CATALOGUE, Roles
from edgerec.models.serving import catalogue_scores

Of = Callable[[str], Recommender]
USERS, ITEMS, LENGTH = 72, 96, 4


def with_history(padding: int | None) -> Roles:
    history = Input("history", "history", LENGTH, ITEMS + (padding == ITEMS), padding)
    return Roles("mine", CATALOGUE, (history,), ITEMS)


@pytest.mark.parametrize("kind", ["gru", "mf", "neumf"])
def test_what_is_shown_to_anyone_stays(served: Of, interactions: Interactions, kind: str) -> None:
    recommender, k = served(kind), 3
    inputs = {"user": np.arange(USERS), "history": histories(interactions, LENGTH, ITEMS)}
    asked = {each.name: inputs[each.name] for each in recommender.roles.inputs if each.role != "item"}
    scores = catalogue_scores(recommender, asked)
    scores[interactions.user, interactions.item] = -np.inf
    shown = np.unique(np.argsort(-scores, axis=1, kind="stable")[:, :k])
    assert 3 < len(shown) < ITEMS
    assert kept_items(recommender, Drop(k=k), interactions, seed=0).tolist() == shown.tolist()


def test_items_are_ranked_by_all_their_rows_together(served: Of, interactions: Interactions) -> None:
    recommender = served("gru")
    kernels = layers.kernels(recommender, ["items", "scores"])
    together = np.linalg.norm(kernels["items"][:ITEMS], axis=1) + np.linalg.norm(kernels["scores"], axis=0)
    kept = kept_items(recommender, Drop(0.25, criterion="magnitude"), interactions, seed=0)
    alone = np.argsort(-np.linalg.norm(kernels["scores"], axis=0))[:24]
    assert set(kept.tolist()) == set(np.argsort(-together)[:24].tolist())
    assert set(kept.tolist()) != set(alone.tolist())


def test_by_co_occurrence_the_items_with_the_nearest_twins_go(served: Of, interactions: Interactions) -> None:
    found = twins(Taken(interactions.item, interactions.user), ITEMS)
    lonely = np.argsort(found.similarity, kind="stable")[:24]
    kept = kept_items(served("mf"), Drop(0.25, criterion="co_occurrence"), interactions, seed=0)
    assert kept.tolist() == sorted(lonely.tolist())


def test_a_smaller_model_scores_what_stays_as_before(
    served: Of, interactions: Interactions, untouched: Callable[[Recommender], None]
) -> None:
    del interactions
    kept = np.arange(1, ITEMS, 3, dtype=np.int32)
    for kind in ("mf", "neumf", "gru", "attention", "two_towers"):
        recommender = served(kind)
        untouched(recommender)
        smaller = without_dropped(recommender, kept)
        history = np.array([[ITEMS, 4, 1, 94], [7, 7, 10, 1]], np.int32)
        old = {"user": np.array([3, 9]), "history": history}
        new = {**old, "history": np.where(history == ITEMS, len(kept), np.searchsorted(kept, history))}
        names = [each.name for each in recommender.roles.inputs if each.role != "item"]
        before = catalogue_scores(recommender, {name: old[name] for name in names})
        after = catalogue_scores(smaller, {name: new[name] for name in names})
        assert after.shape == (2, len(kept))
        assert np.allclose(after, before[:, kept], atol=1e-5)


@given(st.integers(0, 1 << 30))
def test_a_history_keeps_the_order_of_what_stays_at_its_end(seed: int) -> None:
    random = np.random.default_rng(seed)
    kept = np.sort(random.choice(ITEMS, random.integers(1, ITEMS), replace=False)).astype(np.int32)
    given_ = [random.choice(ITEMS, random.integers(0, LENGTH + 1), replace=False) for _ in range(5)]
    padded = [[ITEMS] * (LENGTH - len(one)) + one.tolist() for one in given_]
    none = Ragged.from_lists([np.zeros(0, np.int32)] * 5)
    whole = EvaluationSet({"history": np.array(padded, np.int32)}, none, none, np.ones(ITEMS, np.int32))
    found = evaluation_of_kept(whole, with_history(ITEMS), kept)
    for row, one in enumerate(given_):
        stays = [int(np.searchsorted(kept, item)) for item in one if item in kept]
        assert found.inputs["history"][row].tolist() == [len(kept)] * (LENGTH - len(stays)) + stays
    assert found.kept is kept
    assert found.popularity is whole.popularity


def test_an_item_whose_id_is_the_padding_stays_whatever_it_ranks() -> None:
    roles = roles_of_kept(with_history(0), np.array([0, 40, 90], np.int32))
    assert (roles.items, roles.inputs[0].ids, roles.inputs[0].padding_id) == (3, 3, 0)
    roles = roles_of_kept(with_history(ITEMS), np.array([1, 40, 90], np.int32))
    assert (roles.items, roles.inputs[0].ids, roles.inputs[0].padding_id) == (3, 4, 3)


def test_a_padding_id_among_the_items_is_kept(served: Of, interactions: Interactions) -> None:
    recommender = served("gru")
    (entry,) = recommender.roles.inputs
    at_93 = replace(recommender.roles, inputs=(replace(entry, padding_id=93),))
    without = kept_items(recommender, Drop(0.1, criterion="random"), interactions, seed=0).tolist()
    assert 93 not in without
    kept = kept_items(replace(recommender, roles=at_93), Drop(0.1, criterion="random"), interactions, seed=0)
    assert kept.tolist() == sorted([*without, 93])


def test_what_cannot_be_dropped_is_refused_with_the_reason(served: Of, interactions: Interactions) -> None:
    from edgerec.models.session import session

    recommender = served("gru")
    with pytest.raises(RecipeError, match="keep is what anybody is shown among 96, which are all 96 items"):
        kept_items(recommender, Drop(k=ITEMS), interactions, seed=0)
    (entry,) = recommender.roles.inputs
    unpadded = replace(recommender.roles, inputs=(replace(entry, padding_id=None),))
    with pytest.raises(RecipeError, match="its history has no padding_id"):
        kept_items(replace(recommender, roles=unpadded), Drop(0.5), interactions, seed=0)
    keras = session().keras
    history = keras.Input((LENGTH,), dtype="int32", name="history")
    counted = keras.layers.CategoryEncoding(ITEMS + 1, name="counted")(history)
    other = recommender.with_model(keras.Model(history, keras.layers.Dense(ITEMS, name="scores")(counted)))
    with pytest.raises(RecipeError, match=r'items cannot be dropped: layer counted .* leave rows = "drop" out'):
        kept_items(other, Drop(0.5), interactions, seed=0)
