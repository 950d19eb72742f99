"""Some rows trained, and every other weight the same to the bit."""

from collections.abc import Callable

import numpy as np
import pytest

from edgerec.build import Task
from edgerec.models.training import Fit
from edgerec.updates.tuning import of_no_rows, tuned_rows

pytestmark = pytest.mark.tensorflow

FIT = Fit(2, batch=64, learning_rate=0.05)


@pytest.mark.parametrize("with_whole", [False, True])
@pytest.mark.parametrize(
    ("kind", "table", "whole"),
    [("gru", "items", ("encoder",)), ("attention", "items", ("query", "values", "keys", "state")), ("mf", "users", ())],
)
def test_rows_that_are_free_and_layers_that_go_whole_move_and_nothing_else_does(
    task_of: Callable[[str], Task], kind: str, table: str, whole: tuple[str, ...], *, with_whole: bool
) -> None:
    task = task_of(kind)
    recommender = task.base.recommender
    free = {
        name: np.zeros(recommender.model.get_layer(name).weights[0].shape[axis], np.bool_)
        for name, axis in ((table, 0), ("scores", 1))
    }
    free[table][[3, 17]] = free["scores"][[0, 5, 60]] = True
    assert of_no_rows(recommender, free) == whole
    moving = whole if with_whole else ()
    tuned = tuned_rows(recommender, free, task.setting.data, FIT, whole=moving)
    moved: dict[str, list[list[int]]] = {}
    for layer in recommender.model.layers:
        for before, after in zip(layer.get_weights(), tuned.model.get_layer(layer.name).get_weights(), strict=True):
            differs = before != after
            if layer.name not in free:
                assert differs.any() == (layer.name in moving)
            else:
                axis = 1 if layer.name == table else 0
                rows = differs.any(axis=axis) if differs.ndim == 2 else differs
                moved.setdefault(layer.name, []).append(np.flatnonzero(rows).tolist())
    assert moved == {table: [[3, 17]], "scores": [[0, 5, 60]] * 2}


def test_what_is_given_stays_as_it_was_and_the_seed_decides(task_of: Callable[[str], Task]) -> None:
    task = task_of("gru")
    before = task.base.recommender.digest()
    free = {"scores": np.arange(76) < 9}
    made = [tuned_rows(task.base.recommender, free, task.setting.data, FIT).digest() for _ in range(2)]
    assert task.base.recommender.digest() == before
    assert made[0] == made[1] != before
