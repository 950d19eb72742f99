"""Room for more items and users: what there was answers as before, at the same numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from edgerec.build import Task
from edgerec.compress.id_rows import ITEM, USER
from edgerec.models.recommender import Recommender
from edgerec.models.serving import catalogue_scores
from edgerec.updates.errors import UpdateError
from edgerec.updates.growth import grown

pytestmark = pytest.mark.tensorflow

OLD, MORE = 76, 80


@pytest.mark.parametrize("kind", ["gru", "attention"])
def test_old_items_score_as_before_whatever_padding_a_history_has(task_of: Callable[[str], Task], kind: str) -> None:
    recommender = task_of(kind).base.recommender
    larger = grown(recommender, MORE, 0).recommender
    history = np.random.default_rng(0).integers(OLD + 1, size=(9, 4)).astype(np.int32)
    moved = np.where(history == OLD, MORE, history).astype(np.int32)
    before = catalogue_scores(recommender, {"history": history})
    after = catalogue_scores(larger, {"history": moved})
    assert np.allclose(after[:, :OLD], before, atol=1e-5)
    assert after.shape == (9, MORE)
    entry = larger.roles.of_role("history")
    assert entry is not None
    assert (larger.roles.items, entry.ids, entry.padding_id) == (MORE, MORE + 1, MORE)


def test_users_get_rows_behind_the_old_ones_and_padding_rows_come_from_where_they_were(
    task_of: Callable[[str], Task],
) -> None:
    found = grown(task_of("mf").base.recommender, MORE, 83)
    assert {name: rows.of for name, rows in found.tables.items()} == {"users": USER, "scores": ITEM}
    assert found.tables["users"].source.tolist() == [*range(80), -1, -1, -1]
    user = found.recommender.roles.of_role("user")
    assert user is not None
    assert user.ids == 83
    history = grown(task_of("gru").base.recommender, MORE, 83).tables
    assert history["items"].source.tolist() == [*range(OLD), -1, -1, -1, -1, OLD]
    assert history["scores"].source.tolist() == [*range(OLD), -1, -1, -1, -1]


def test_a_table_with_rows_to_spare_for_users_is_not_made_larger(task_of: Callable[[str], Task]) -> None:
    found = grown(task_of("mf").base.recommender, MORE, 70)
    assert found.tables["users"].source.tolist() == list(range(80))


def test_a_model_that_scores_pairs_is_refused_by_name(task_of: Callable[[str], Task]) -> None:
    with pytest.raises(UpdateError, match="neumf is pointwise, and it scores no whole catalogue"):
        grown(task_of("neumf").base.recommender, MORE, 80)


def test_a_model_whose_scores_come_from_no_dense_layer_is_refused(
    keras: object, task_of: Callable[[str], Task]
) -> None:
    from edgerec.models.session import session

    given = task_of("mf").base.recommender
    added = session().keras.layers.Activation("tanh")(given.model.output)
    squashed = Recommender(given.roles, session().keras.Model(given.model.inputs, added))
    with pytest.raises(UpdateError, match="no dense layer makes its scores"):
        grown(squashed, MORE, 80)


def test_a_model_that_does_anything_with_ids_but_look_them_up_is_refused(task_of: Callable[[str], Task]) -> None:
    from edgerec.models.session import session

    keras, given = session().keras, task_of("gru").base.recommender
    history = keras.Input((4,), dtype="int32", name="history")
    counted = keras.layers.CategoryEncoding(OLD + 1, name="counted")(history)
    model = keras.Model(history, keras.layers.Dense(OLD, name="scores")(counted))
    with pytest.raises(UpdateError, match="layer counted of gru takes the ids of 'history' and is no table"):
        grown(Recommender(given.roles, model), MORE, 80)
