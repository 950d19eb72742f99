from dataclasses import dataclass, replace

import numpy as np

from device_tests.manifest import Input
from edgerec.build import Task
from edgerec.compress.pipeline import Setting
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n, split
from edgerec.loop import measuring
from edgerec.loop.measuring import train_users
from edgerec.models.roles import Roles
from edgerec.packing import Catalogue

ITEMS = 40
HISTORY = Input("history", "history", 3, ITEMS + 1, ITEMS)
ROLES = Roles("gru", "catalogue", (HISTORY,), ITEMS)


@dataclass(frozen=True)
class Base:
    """A model of which only the roles are asked."""

    roles: Roles = ROLES


def task(*, candidates: int = 5) -> Task:
    """Everybody goes three items further each time, from an item of their own."""
    user, step = np.repeat(np.arange(ITEMS), 6), np.tile(np.arange(6), ITEMS)
    parts = split(Interactions.from_columns(user, (user + 3 * step) % ITEMS, step), last_n(1), seed=0)
    evaluation = evaluation_set(parts, (HISTORY,), candidates=candidates)
    setting = Setting(parts.seen("test"), "tflite-runtime==2.14.0", seed=4)
    return Task(Base(), setting, evaluation, Catalogue(tuple(map(str, range(ITEMS)))), 5)  # type: ignore[arg-type]


def test_training_is_judged_by_what_was_trained_on_last_and_never_by_what_is_held_out() -> None:
    given = task()
    found = train_users(given)
    assert found.users == ITEMS
    assert found.relevant.values.tolist() == [(user + 3 * 4) % ITEMS for user in range(ITEMS)]
    assert found.inputs["history"].tolist() == [
        [(user + 3 * step) % ITEMS for step in (1, 2, 3)] for user in range(ITEMS)
    ]
    assert given.evaluation.relevant.values.tolist() == [(user + 3 * 5) % ITEMS for user in range(ITEMS)]


def test_as_many_candidates_are_drawn_as_for_the_test_users_and_none_where_those_have_none() -> None:
    negatives = train_users(task(candidates=5)).negatives
    assert negatives is not None
    assert negatives.shape == (ITEMS, 5)
    assert train_users(task(candidates=0)).negatives is None


def test_a_sample_is_drawn_by_the_seed(monkeypatch: object) -> None:
    monkeypatch.setattr(measuring, "TRAIN_USERS", 10)  # type: ignore[attr-defined]
    given = task()
    other = replace(given, setting=replace(given.setting, seed=5))
    first, again, others = (train_users(each).relevant.values.tolist() for each in (given, given, other))
    assert len(first) == 10
    assert first == again
    assert first != others
