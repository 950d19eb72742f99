"""In which layers the rows for ids stand, and the same model with other rows in them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edgerec.compress.id_rows import ITEM, USER, Rows, id_rows, with_rows
from edgerec.models.recommender import ModelError, Recommender

Of = Callable[[str], Recommender]
USERS, ITEMS = 72, 96


@pytest.mark.parametrize(
    ("kind", "tables"),
    [
        ("mf", {"users": (USER, USERS, False), "scores": (ITEM, ITEMS, True)}),
        ("gru", {"items": (ITEM, ITEMS + 1, False), "scores": (ITEM, ITEMS, True)}),
        ("two_towers", {"users": (USER, USERS, False), "scores": (ITEM, ITEMS, True)}),
        (
            "neumf",
            {
                "users_product": (USER, USERS, False),
                "users_deep": (USER, USERS, False),
                "items_product": (ITEM, ITEMS, False),
                "items_deep": (ITEM, ITEMS, False),
            },
        ),
    ],
)
def test_every_table_that_goes_by_ids_is_found(served: Of, kind: str, tables: dict[str, tuple[str, int, bool]]) -> None:
    found = id_rows(served(kind))
    assert {name: (rows.of, len(rows.source), rows.scores) for name, rows in found.items()} == tables
    assert all(rows.source.tolist() == list(range(len(rows.source))) for rows in found.values())


def test_rows_move_to_where_they_are_asked_for_and_new_ones_are_zero(
    served: Of, untouched: Callable[[Recommender], None]
) -> None:
    given = served("mf")
    untouched(given)
    source = np.array([5, -1, 0, 95])
    roles = replace(given.roles, items=4)
    (kernel, bias), (moved, moved_bias) = (
        each.model.get_layer("scores").get_weights()
        for each in (given, with_rows(given, {"scores": Rows(ITEM, source, scores=True)}, roles))
    )
    assert np.array_equal(moved[:, [0, 2, 3]], kernel[:, [5, 0, 95]])
    assert np.array_equal(moved_bias[[0, 2, 3]], bias[[5, 0, 95]])
    assert not moved[:, 1].any()
    assert not moved_bias[1]


def test_scores_from_no_dense_layer_are_refused(served: Of, keras: object) -> None:
    from edgerec.models.session import session

    given = served("mf")
    squashed = session().keras.layers.Activation("tanh")(given.model.output)
    with pytest.raises(ModelError, match="mf is catalogue, and no dense layer makes its scores"):
        id_rows(given.with_model(session().keras.Model(given.model.inputs, squashed)))
