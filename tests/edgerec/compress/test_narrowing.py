from collections.abc import Callable

import numpy as np
import pytest

from edgerec.compress.errors import RecipeError
from edgerec.compress.narrowing import chosen, in_shape, narrow
from edgerec.compress.ranking import ModelPath
from edgerec.compress.steps import Narrow
from edgerec.compress.structure import remove
from edgerec.data.interactions import Interactions
from edgerec.models.examples import examples
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
Note = Callable[[Recommender], None]
TICKET = {"settings": (("to", "initial"),), "initial": ModelPath("untrained.h5")}
HALF = Narrow(0.5, "magnitude", epochs=0)


def shapes(recommender: Recommender) -> dict[str, tuple[int, ...]]:
    return {layer.name: layer.weights[0].shape for layer in recommender.model.layers if layer.weights}


def answers(recommender: Recommender, data: Interactions) -> np.ndarray:
    columns, _ = examples(recommender.roles, data)
    inputs = {tensor.name: columns[tensor.name] for tensor in recommender.model.inputs}
    return np.asarray(recommender.model(inputs, training=False))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("mf", {"users": (72, 8), "scores": (8, 96)}),
        ("gru", {"items": (97, 8), "encoder": (8, 24), "scores": (8, 96)}),
        ("two_towers", {"users": (72, 16), "user_vector": (16, 8), "scores": (8, 96)}),
        (
            "neumf",
            {
                "users_product": (72, 8),
                "items_product": (96, 8),
                "users_deep": (72, 8),
                "items_deep": (96, 8),
                "deep_0": (16, 16),
                "deep_1": (16, 8),
                "scores": (16, 1),
            },
        ),
        (
            "attention",
            {
                "items": (97, 8),
                "query": (8, 8),
                "keys": (8, 8),
                "values": (8, 8),
                "state": (16, 8),
                "scores": (8, 96),
            },
        ),
    ],
)
def test_half_of_the_columns_of_every_layer_go_from_all_that_make_and_read_them(
    served: Of, interactions: Interactions, untouched: Note, kind: str, expected: dict[str, tuple[int, ...]]
) -> None:
    given = served(kind)
    untouched(given)
    assert shapes(narrow(given, HALF, interactions, seed=0)) == expected
    assert shapes(in_shape(given, HALF)) == expected


def test_what_is_tied_to_a_named_layer_follows_and_nothing_else(served: Of, interactions: Interactions) -> None:
    step = Narrow(0.25, "variance", epochs=0, layers=("users_prod*",))
    before, after = shapes(served("neumf")), shapes(narrow(served("neumf"), step, interactions, seed=0))
    changed = {name for name, shape in after.items() if shape != before[name]}
    assert changed == {"users_product", "items_product", "scores"}
    assert after["items_product"] == (96, 12)


@pytest.mark.parametrize("kind", ["mf", "two_towers"])
def test_in_axes_of_most_variance_columns_cost_less_than_any_other_way(
    served: Of, interactions: Interactions, kind: str
) -> None:
    exact = answers(served(kind), interactions)

    def error(criterion: str) -> float:
        smaller = narrow(served(kind), Narrow(0.5, criterion, epochs=0), interactions, seed=0)
        return float(np.square(answers(smaller, interactions) - exact).mean())

    least = error("max_variance")
    assert least < 0.8 * min(error(other) for other in ("magnitude", "variance", "fisher", "random"))


def test_what_axes_leave_is_spread_over_the_columns_again(served: Of, interactions: Interactions) -> None:
    found = narrow(served("mf"), Narrow(0.5, epochs=0), interactions, seed=0)
    for kernel in (found.model.get_layer("users").get_weights()[0], found.model.get_layer("scores").get_weights()[0].T):
        norms = np.linalg.norm(kernel, axis=0)
        assert norms.max() < 2 * norms.min()


def test_it_is_tuned_for_the_epochs_asked_for_and_the_same_from_the_same_seed(
    served: Of, interactions: Interactions
) -> None:
    said: list[str] = []
    once, again = (
        narrow(served("mf"), Narrow(0.5, epochs=2), interactions, seed=1, progress=said.append) for _ in range(2)
    )
    plain = narrow(served("mf"), Narrow(0.5, epochs=0), interactions, seed=1, progress=said.append)
    assert [line[:12] for line in said] == ["epoch 1 of 2", "epoch 2 of 2"] * 2
    assert once.digest() == again.digest() != plain.digest()


def test_a_reset_rewinds_all_that_is_left(served: Of, interactions: Interactions) -> None:
    given = served("mf")
    initial = given.clone()
    initial.model.set_weights([np.full_like(each, 7) for each in initial.model.get_weights()])
    norms = np.linalg.norm(given.model.get_layer("users").get_weights()[0], axis=0)
    kept = np.sort(np.argsort(-norms)[:8])
    found = narrow(
        given,
        Narrow(0.5, "reset", epochs=0, **TICKET),
        interactions,
        initial=initial,
        seed=0,  # type: ignore[arg-type]
    )
    assert found.digest() == remove(initial, {"users": kept}).digest()
    stays = narrow(given, Narrow(0.5, "reset", epochs=0), interactions, seed=0)
    assert stays.digest() == remove(given, {"users": kept}).digest()


@pytest.mark.parametrize(
    ("kind", "step", "told"),
    [
        (
            "mf",
            Narrow(0.5, layers=("scores",)),
            "columns of layer scores cannot go: an output of the model; those",
        ),
        ("mf", Narrow(0.5, layers=("user",)), "no layer that makes columns matches 'user'; those that can are users"),
        ("attention", Narrow(0.5, layers=("query",)), "columns of layer query cannot be ranked by max_variance; those"),
        (
            "gru",
            Narrow(0.5, "fisher", layers=("enc*",)),
            "columns of layer encoder cannot be ranked by fisher; those",
        ),
        (
            "neumf",
            Narrow(0.5, "mutual_information"),
            "neumf has no layer with columns that can go and that mutual",
        ),
        ("mf", Narrow(0.98), "remove is 0.98, and of the 16 columns of layer users none would be left: take less"),
        ("mf", Narrow(0.01), r"remove is 0.01, and no whole column of users \(16\) would go: take more"),
    ],
)
def test_what_cannot_be_narrowed_is_refused_by_name(served: Of, kind: str, step: Narrow, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        chosen(served(kind), step)


def test_a_pattern_takes_what_can_go_of_what_it_matches(served: Of) -> None:
    assert chosen(served("gru"), Narrow(0.5, layers=("*",))) == {"items": 16, "encoder": 16}
