from collections.abc import Callable

import numpy as np
import pytest

from edgerec.compress import activations
from edgerec.compress.activations import drawn, moments_made, moments_read, through
from edgerec.data.interactions import Interactions
from edgerec.models.examples import examples
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]


def moment(rows: np.ndarray) -> np.ndarray:
    wide = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    return wide.T @ wide / len(wide)


def test_moments_are_of_all_that_is_read_and_made_at_every_step_and_call(
    served: Of, interactions: Interactions
) -> None:
    given = served("attention")
    table = given.model.get_layer("items").get_weights()[0]
    ids = examples(given.roles, interactions)[0]["history"]
    assert np.allclose(moments_made(given, ["items"], interactions, seed=0)["items"], moment(table[ids]))
    read = moments_read(given, ["keys", "query"], interactions, seed=0)
    assert np.allclose(read["keys"], moment(table[ids]))
    assert np.allclose(read["query"], moment(table[ids[:, -1]]))


def test_a_layer_called_twice_counts_both_calls(interactions: Interactions, keras: object) -> None:
    from device_tests.manifest import Input
    from edgerec.models.roles import CATALOGUE, Roles
    from edgerec.models.session import session

    layers = session().keras.layers
    user = session().keras.Input((), dtype="int32", name="user")
    one, other = (layers.Embedding(72, 3, name=name)(user) for name in ("one", "other"))
    shared = layers.Dense(2, name="shared")
    scores = layers.Dense(96, name="scores")(layers.Concatenate()([shared(one), shared(other)]))
    roles = Roles("twice", CATALOGUE, (Input("user", "user", 0, 72, None),), 96)
    given = Recommender(roles, session().keras.Model(user, scores))
    tables = [given.model.get_layer(name).get_weights()[0] for name in ("one", "other")]
    expected = moment(np.concatenate([table[interactions.user] for table in tables]))
    assert np.allclose(moments_read(given, ["shared"], interactions, seed=0)["shared"], expected)


def test_no_more_examples_are_drawn_than_there_may_be_and_the_seed_says_which(
    served: Of, interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activations, "EXAMPLES", 20)
    inputs, target = drawn(served("mf"), interactions, seed=1)
    assert (len(target), inputs["user"].shape) == (20, (20,))
    assert np.array_equal(target, drawn(served("mf"), interactions, seed=1)[1])
    assert not np.array_equal(target, drawn(served("mf"), interactions, seed=2)[1])
    pairs = set(zip(interactions.user.tolist(), interactions.item.tolist(), strict=True))
    assert set(zip(inputs["user"].tolist(), target.tolist(), strict=True)) <= pairs


def test_values_come_in_parts_that_are_all_of_them(
    served: Of, interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activations, "_ROWS_AT_ONCE", 100)
    model = served("mf").model
    inputs, target = drawn(served("mf"), interactions, seed=0)
    parts = list(through(model, [model.get_layer("users").output, model.output], inputs))
    assert [len(part[0]) for part in parts] == [100, 100, 100, 100, 100, len(target) - 500]
    together = np.concatenate([part[1] for part in parts])
    assert np.allclose(together, np.asarray(model(inputs, training=False)), atol=1e-5)
