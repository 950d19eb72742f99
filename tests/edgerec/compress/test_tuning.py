"""Fine-tuning of coded tables: what ships is what was trained, the best epoch comes back, the same bytes twice."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from converters.tables.additive_quantizer import additive_codes
from converters.tables.coded import Coded
from converters.tables.memcom_encoder import memcom
from converters.tables.rounding import minmax_scales, rounded
from device_tests.evaluation import EvaluationSet
from edgerec.compress import layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.masks import table_of
from edgerec.compress.trained_tables import trained_table
from edgerec.compress.tuning import Tuned, Tuning, recall_of, recode, tune
from edgerec.data.evaluation import evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, last_n, split
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
SETTING = Tuning(epochs=3, learning_rate=0.01, batch=64)
Encode = Callable[[np.ndarray], Coded]


def int2(table: np.ndarray) -> Coded:
    """Give a table that was damaged on the way, so that there is something to win."""
    damaged = table + np.random.default_rng(0).normal(scale=1.5 * table.std(), size=table.shape).astype(np.float32)
    return rounded(damaged, minmax_scales(damaged, 2), 2)


def codes(table: np.ndarray) -> Coded:
    return additive_codes(table, 2, 8, seed=0)


def shared(table: np.ndarray) -> Coded:
    return memcom(table, len(table) // 8)


def coded_tables(recommender: Recommender, encode: Encode, *names: str) -> dict[str, Coded]:
    kernels = layers.kernels(recommender, names)
    return {name: encode(np.ascontiguousarray(table_of(recommender, name, each))) for name, each in kernels.items()}


@pytest.fixture(scope="module")
def parts(interactions: Interactions) -> Split:
    """Give the interactions split: the last of each user for test, the one before for validation."""
    return split(interactions, last_n(1), seed=0)


def validation(parts: Split, recommender: Recommender) -> EvaluationSet:
    return evaluation_set(parts, recommender.roles.inputs, part="validation")


@pytest.mark.parametrize(
    "case",
    [
        ("mf", ("scores",), codes),
        ("neumf", ("users_product", "items_product", "items_deep"), int2),
        ("gru", ("items", "scores"), shared),
    ],
    ids=lambda case: case[0],
)
def test_tuning_brings_ranking_back_and_what_ships_is_what_ranks(
    served: Of, parts: Split, untouched: Callable[[Recommender], None], case: tuple[str, tuple[str, ...], Encode]
) -> None:
    kind, names, encode = case
    given = served(kind)
    untouched(given)
    coded = coded_tables(given, encode, *names)
    lines: list[str] = []
    evaluation = validation(parts, given)
    tuned = tune(
        given, coded, SETTING, parts.train, teacher=given, seed=0, validation=evaluation, k=5, progress=lines.append
    )
    start, best = tuned.epochs[0], tuned.epochs[tuned.best]
    assert [epoch.number for epoch in tuned.epochs] == [0, 1, 2, 3]
    assert start.loss is None
    assert best.recall is not None
    assert start.recall is not None
    assert best.recall > start.recall
    assert best.recall == max(epoch.recall for epoch in tuned.epochs if epoch.recall is not None)
    assert recall_of(tuned.recommender, evaluation, 5) == best.recall
    for name, kernel in layers.kernels(tuned.recommender, names).items():
        np.testing.assert_array_equal(table_of(given, name, kernel), tuned.coded[name].decode())
        assert type(tuned.coded[name]) is type(coded[name])
    assert len(lines) == 4
    assert lines[0] == f"epoch 0, validation recall@5 {start.recall:.4f}"
    assert lines[1].startswith("epoch 1, loss ")


def stored(tuned: Tuned) -> list[bytes]:
    return [array.tobytes() for each in tuned.coded.values() for array in each.stored]


def test_two_runs_give_the_same_bytes_and_another_seed_others(served: Of, parts: Split) -> None:
    given = served("mf")
    coded = coded_tables(given, codes, "scores")
    one, same, other = (
        tune(given, coded, replace(SETTING, epochs=1), parts.train, teacher=given, seed=seed) for seed in (1, 1, 2)
    )
    assert stored(one) == stored(same)
    assert one.recommender.digest() == same.recommender.digest()
    assert one.epochs == same.epochs
    assert stored(one) != stored(other)


def test_the_start_comes_back_when_every_epoch_is_worse(served: Of, parts: Split) -> None:
    given = served("mf")
    coded = coded_tables(given, lambda table: rounded(table, minmax_scales(table, 8), 8), "scores")
    wild = replace(SETTING, epochs=1, learning_rate=5.0)
    tuned = tune(given, coded, wild, parts.train, teacher=given, seed=0, validation=validation(parts, given), k=5)
    assert tuned.best == 0
    assert stored(tuned) == [array.tobytes() for array in coded["scores"].stored]
    last = tune(given, coded, wild, parts.train, teacher=given, seed=0)
    assert last.best == 1
    assert stored(last) != stored(tuned)


@pytest.mark.parametrize("kind", ["mf", "neumf"])
def test_a_teacher_alone_brings_scores_near_its_own(served: Of, parts: Split, kind: str) -> None:
    from edgerec.models.serving import catalogue_scores

    given = served(kind)
    name = "scores" if kind == "mf" else "items_product"
    coded = coded_tables(given, int2, name)
    inputs = {"user": np.arange(40, dtype=np.int32)}
    wanted = catalogue_scores(given, inputs)

    def off(distill: float) -> float:
        setting = replace(SETTING, distill=distill, temperature=10)
        made = tune(given, coded, setting, parts.train, teacher=given, seed=0)
        return float((catalogue_scores(made.recommender, inputs) - wanted).std(axis=1).mean())

    assert off(1) < 0.8 * off(0)


def test_held_layers_stay_as_they_are(served: Of, parts: Split) -> None:
    given = served("mf")
    coded = coded_tables(given, int2, "scores")
    before = layers.kernels(given, ("users",))["users"]
    free, held = (
        tune(given, coded, replace(SETTING, epochs=1), parts.train, teacher=given, seed=0, held=names)
        for names in ((), ("users",))
    )
    np.testing.assert_array_equal(layers.kernels(held.recommender, ("users",))["users"], before)
    assert (layers.kernels(free.recommender, ("users",))["users"] != before).any()


def test_codes_move_only_where_that_lowers_the_loss(keras: Any) -> None:
    random = np.random.default_rng(0)
    table = random.normal(size=(40, 8)).astype(np.float32)
    (part,) = trained_table(additive_codes(table, 2, 8, seed=0)).codes
    wanted = np.roll(part.coded().decode(), 1, axis=0)
    start = part.given()
    part._wish.variable.assign(wanted / part._wish._unit)

    def off() -> float:
        return float(((part.coded().decode() - wanted) ** 2).sum())

    before = off()
    assert recode(part, lambda: -off()) == 0
    np.testing.assert_array_equal(part.given(), start)
    assert recode(part, off) == (part.given() != start).any(axis=1).sum() > 0
    assert off() < before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"distill": 1.5}, r"distill is 1.5, expected 0 \(no teacher\) to 1 \(the teacher alone\)"),
        ({"temperature": 0}, "temperature is 0, expected more than 0"),
        ({"epochs": 0}, "epochs is 0, expected more than 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        replace(SETTING, **changes)  # type: ignore[arg-type]


def test_what_does_not_fit_the_recommender_is_refused(served: Of, trained: Of, parts: Split) -> None:
    given = served("mf")
    coded = coded_tables(given, int2, "scores", "users")

    def refused(
        message: str, coded: dict[str, Coded], teacher: Recommender = given, student: Recommender = given
    ) -> None:
        with pytest.raises(RecipeError, match=message):
            tune(student, coded, SETTING, parts.train, teacher=teacher, seed=0)

    refused("no table is coded", {})
    refused("no table or dense layer is named 'items'; mf has users, scores", {"items": coded["scores"]})
    refused(r"the table of scores is coded as \[72, 16\], expected \[96, 16\]", {"scores": coded["users"]})
    refused("the teacher has the roles .*gru", coded, served("gru"))
    refused("two_towers has two towers.*serving", coded, trained("two_towers"), trained("two_towers"))
