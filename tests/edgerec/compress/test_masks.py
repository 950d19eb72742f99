from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgerec.compress import layers, masks
from edgerec.compress.errors import RecipeError
from edgerec.compress.masks import prune_by, table_of
from edgerec.compress.pruning import prune
from edgerec.compress.steps import Prune
from edgerec.criteria.criterion import Criterion, saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.gradient import FirstOrder, Fisher
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.popularity import Popularity
from edgerec.criteria.random_order import Random
from edgerec.criteria.reset import Reset
from edgerec.criteria.selection import keep
from edgerec.criteria.share import Share
from edgerec.criteria.statistics import Gradients, Statistics
from edgerec.data.interactions import Interactions
from edgerec.models.gradients import gradients
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
Note = Callable[[Recommender], None]
SETTLED = 1e-12  # a learning rate that moves nothing: what was chosen by the first weights stays chosen


def known(recommender: Recommender, data: Interactions | None = None) -> dict[str, Statistics]:
    """Give each kernel's gradients over the data, none without data."""
    names = layers.chosen(recommender, ())
    if data is None:
        return {name: Statistics() for name in names}
    found = gradients(recommender, data, seed=0)

    def of(name: str) -> Gradients:
        mean, square = (table_of(recommender, name, each) for each in (found[name].mean, found[name].mean_square))
        return Gradients(mean, square)

    return {name: Statistics(gradients=of(name)) for name in names}


def kernels(recommender: Recommender) -> layers.Kernels:
    return layers.kernels(recommender, layers.chosen(recommender, ()))


def tables(recommender: Recommender) -> layers.Kernels:
    return {name: table_of(recommender, name, kernel) for name, kernel in kernels(recommender).items()}


@pytest.mark.parametrize("kind", ["mf", "neumf", "gru", "attention", "two_towers"])
@pytest.mark.parametrize("schedule", ["constant", "polynomial"])
def test_what_a_criterion_ranks_lowest_becomes_zero_and_nothing_of_the_wrapping_is_left(
    served: Of, interactions: Interactions, untouched: Note, kind: str, schedule: str
) -> None:
    given = served(kind)
    untouched(given)
    step = Prune(0.75, schedule, epochs=1, learning_rate=SETTLED)
    result = prune_by(given, step, Random(3), known(given), interactions, seed=0)
    assert result.model.to_json() == given.model.to_json()
    for name, kernel in kernels(result).items():
        ranked = saliency(Random(3), table_of(given, name, kernel), Statistics(), "element")
        kept = table_of(given, name, keep({name: ranked}, share=0.25)[name])
        assert np.array_equal(kernel != 0, kept), name


@pytest.mark.parametrize("criterion", [FirstOrder(), Fisher(), Share(Fisher(), 0.8)], ids=lambda one: one.name)
def test_gradients_choose_what_magnitude_would_not(
    served: Of, interactions: Interactions, criterion: Criterion
) -> None:
    given = served("mf")
    statistics = known(given, interactions)
    step = Prune(0.5, "constant", epochs=1, learning_rate=SETTLED)
    found = kernels(prune_by(given, step, criterion, statistics, interactions, seed=0))
    by_size = kernels(prune_by(given, step, Magnitude(), statistics, interactions, seed=0))
    for name, before in kernels(given).items():
        ranked = saliency(criterion, table_of(given, name, before), statistics[name], "element")
        assert np.array_equal(table_of(given, name, found[name]) != 0, keep({name: ranked}, share=0.5)[name])
        assert not np.array_equal(found[name] != 0, by_size[name] != 0)


def test_by_magnitude_it_zeroes_what_tf_mots_own_picking_does(served: Of, interactions: Interactions) -> None:
    step = Prune(0.8, epochs=2)
    ours = kernels(prune_by(served("gru"), step, Magnitude(), known(served("gru")), interactions, seed=0))
    theirs = kernels(prune(served("gru"), step, interactions, seed=0))
    for name, kernel in ours.items():
        assert np.array_equal(kernel, theirs[name]), name


def test_tuning_changes_what_is_left(served: Of, interactions: Interactions) -> None:
    given = served("mf")
    result = prune_by(given, Prune(0.5, epochs=2), Random(), known(given), interactions, seed=0)
    before, after = kernels(given)["scores"], kernels(result)["scores"]
    assert (after == 0).mean() == 0.5
    assert (before[after != 0] != after[after != 0]).mean() > 0.9


def test_every_item_keeps_as_many_per_row_and_all_together_globally(served: Of, interactions: Interactions) -> None:
    given, step = served("mf"), Prune(0.75, epochs=1)
    by_row = prune_by(given, replace(step, per="row"), Magnitude(), known(given), interactions, seed=0)
    columns = kernels(by_row)["scores"].shape[0]
    assert ((kernels(by_row)["scores"] != 0).sum(axis=0) == columns // 4).all()
    assert ((kernels(by_row)["users"] != 0).sum(axis=1) == columns // 4).all()
    globally = replace(step, per="global")
    together = kernels(prune_by(given, globally, Magnitude(), known(given), interactions, seed=0))
    zeros = {name: (kernel == 0).sum() for name, kernel in together.items()}
    assert sum(zeros.values()) == 0.75 * sum(kernel.size for kernel in together.values())
    assert zeros["users"] != 0.75 * together["users"].size


def test_zeros_of_an_earlier_step_stay_whatever_the_criterion(served: Of, interactions: Interactions) -> None:
    first, second = Prune(0.5, epochs=1, layers=("items",)), Prune(0.75, epochs=1)
    once = prune(served("gru"), first, interactions, seed=0)
    twice = prune_by(once, second, Random(8), known(once), interactions, earlier=(first,), seed=0)
    before, after = kernels(once)["items"], kernels(twice)["items"]
    assert (after == 0).mean() == 0.75
    assert (after[before == 0] == 0).all()
    less = replace(second, sparsity=0.25, layers=("scores",))
    apart = prune_by(once, less, Random(8), known(once), interactions, earlier=(first,), seed=0)
    assert np.array_equal(kernels(apart)["items"], before)


def test_a_smaller_sparsity_than_there_is_gives_no_zero_back(served: Of, interactions: Interactions) -> None:
    first, second = (Prune(share, epochs=1, layers=("items",)) for share in (0.5, 0.25))
    once = prune(served("gru"), first, interactions, seed=0)
    twice = prune_by(once, second, Magnitude(), known(once), interactions, earlier=(first,), seed=0)
    assert np.array_equal(kernels(twice)["items"] == 0, kernels(once)["items"] == 0)


def test_a_lottery_ticket_is_rewound_and_trained_again(served: Of, interactions: Interactions) -> None:
    given = served("mf")
    initial = given.clone()
    random = np.random.default_rng(1)
    start = {name: random.normal(size=kernel.shape).astype(np.float32) for name, kernel in kernels(given).items()}
    statistics = {name: Statistics(initial=table_of(initial, name, values)) for name, values in start.items()}
    step = Prune(0.5, "constant", epochs=1, learning_rate=SETTLED)
    ticket = kernels(prune_by(given, step, Reset("initial"), statistics, interactions, seed=0))
    for name, before in kernels(given).items():
        kept = np.abs(before) >= np.median(np.abs(before))
        assert np.allclose(ticket[name], np.where(kept, start[name], 0), atol=1e-6), name
    faster = replace(step, learning_rate=0.01)
    trained = kernels(prune_by(given, faster, Reset("initial"), statistics, interactions, seed=0))
    assert not np.allclose(trained["users"], ticket["users"], atol=1e-3)
    assert np.array_equal(trained["users"] == 0, ticket["users"] == 0)


def test_a_reset_to_zero_leaves_what_is_kept_as_it_was_trained(served: Of, interactions: Interactions) -> None:
    given, step = served("mf"), Prune(0.5, "constant", epochs=1, learning_rate=SETTLED)
    found = kernels(prune_by(given, step, Reset(), known(given), interactions, seed=0))
    for name, before in kernels(given).items():
        assert np.allclose(found[name], np.where(found[name] != 0, before, 0), atol=1e-6), name
        assert (found[name] == 0).mean() == 0.5, name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(served: Of, interactions: Interactions) -> None:
    given, step = served("mf"), Prune(0.5, epochs=1)
    one, again, other = (
        prune_by(given, step, Random(1), known(given), interactions, seed=seed).digest() for seed in (1, 1, 2)
    )
    assert one == again
    assert one != other


def test_what_cannot_be_ranked_is_refused_before_anything_is_trained(
    served: Of, interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = served("mf")
    counts = {name: Statistics(popularity=np.ones(each.shape[0])) for name, each in tables(given).items()}
    one = {"users": known(given, interactions)["users"]}
    monkeypatch.setattr(masks.training, "fit", None)
    with pytest.raises(CriterionError, match="popularity cannot rank by element"):
        prune_by(given, Prune(0.5), Popularity(), counts, interactions, seed=0)
    with pytest.raises(CriterionError, match="layer users cannot be ranked: criterion fisher needs gradients, got no"):
        prune_by(given, Prune(0.5), Fisher(), known(given), interactions, seed=0)
    with pytest.raises(RecipeError, match="layer scores has no statistics, expected them for every one of users"):
        prune_by(given, Prune(0.5), Fisher(), one, interactions, seed=0)


def test_missing_zeros_are_refused(
    served: Of, interactions: Interactions, monkeypatch: pytest.MonkeyPatch, keras: Any
) -> None:
    """A schedule that ends below the sparsity asked for."""
    real = masks.schedule
    monkeypatch.setattr(masks, "schedule", lambda step, start, steps: real(replace(step, sparsity=0.3), start, steps))
    with pytest.raises(RecipeError, match=r"layer \w+ has \d+ zeros after pruning, expected \d+ or more, 50.0% per"):
        prune_by(served("mf"), Prune(0.5, epochs=1), Magnitude(), known(served("mf")), interactions, seed=0)
