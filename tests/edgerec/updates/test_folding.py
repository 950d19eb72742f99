"""Rows solved for what is new: who took it finds it again, and nobody else's row moves."""

from collections.abc import Callable

import numpy as np
import pytest

from edgerec.build import Task
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n
from edgerec.models.examples import examples
from edgerec.models.serving import catalogue_scores
from edgerec.updates.folding import folded_in
from edgerec.updates.growth import Grown, grown
from edgerec.updates.news import News, news

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def week(old: Interactions, new: Interactions) -> News:
    return news(old, new, last_n(1), duplicates="refuse", seed=0)


def larger(task: Task, week: News) -> Grown:
    return grown(task.base.recommender, week.everything.items, week.everything.users)


@pytest.mark.parametrize("kind", ["gru", "attention", "mf"])
def test_only_new_rows_are_filled(task_of: Callable[[str], Task], week: News, kind: str) -> None:
    room = larger(task_of(kind), week)
    solved = folded_in(room, week.parts.train, seed=0)
    for layer in room.recommender.model.layers:
        for before, after in zip(layer.get_weights(), solved.model.get_layer(layer.name).get_weights(), strict=True):
            if layer.name not in room.tables:
                assert np.array_equal(before, after)
                continue
            new = room.tables[layer.name].source < 0
            axis = 0 if before.ndim == 2 and len(before) == len(new) else -1
            assert np.array_equal(before.take(np.flatnonzero(~new), axis), after.take(np.flatnonzero(~new), axis))
            assert new.any() == bool((before != after).any())


@pytest.mark.parametrize("kind", ["gru", "mf"])
def test_who_took_a_new_item_has_it_higher_than_who_did_not(
    task_of: Callable[[str], Task], week: News, kind: str
) -> None:
    solved = folded_in(larger(task_of(kind), week), week.parts.train, seed=0)
    columns, target = examples(solved.roles, week.parts.train)
    scores = catalogue_scores(solved, columns)
    ranks = {True: [], False: []}
    for item in range(week.items, week.everything.items):
        for took, rank in zip(target == item, (scores > scores[:, item, None]).sum(axis=1), strict=True):
            ranks[bool(took)].append(rank)
    assert np.mean(ranks[True]) < 0.8 * np.mean(ranks[False])


def test_a_new_row_to_look_up_is_the_weighted_mean_of_what_the_same_users_took(task_of: Callable[[str], Task]) -> None:
    recommender = task_of("gru").base.recommender
    room = grown(recommender, 77, 0)
    rows = [("a", 0, 0), ("a", 1, 1), ("a", 76, 2), ("b", 1, 0), ("b", 2, 1), ("c", 1, 0), ("c", 4, 1), ("d", 1, 5)]
    data = Interactions.from_columns(
        [user for user, _, _ in rows], [item for _, item, _ in rows], [t for *_, t in rows]
    )
    data = data.in_vocabulary(items=tuple(map(str, range(77))))
    (table,) = folded_in(room, data, seed=0).model.get_layer("items").get_weights()
    weights = np.array([1.0, 1 / np.sqrt(4)])
    assert np.allclose(table[76], weights @ table[:2] / weights.sum(), atol=1e-6)


def test_a_new_item_that_nobody_took_is_the_mean_of_all_that_somebody_did(
    task_of: Callable[[str], Task], old: Interactions
) -> None:
    room = grown(task_of("gru").base.recommender, 77, 0)
    solved = folded_in(room, old.in_vocabulary(items=(*old.item_ids, "never")), seed=0)
    (table,) = solved.model.get_layer("items").get_weights()
    assert np.allclose(table[76], table[:76][old.popularity() > 0].mean(axis=0), atol=1e-5)
    assert np.isfinite(solved.model.get_layer("scores").get_weights()[0]).all()
