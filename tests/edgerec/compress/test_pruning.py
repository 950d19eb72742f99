from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgerec.compress import layers, pruning
from edgerec.compress.errors import RecipeError
from edgerec.compress.proof import same_outputs
from edgerec.compress.pruning import prune
from edgerec.compress.steps import Prune
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
Note = Callable[[Recommender], None]


def zeros(recommender: Recommender) -> dict[str, float]:
    names = layers.chosen(recommender, ())
    return {name: layers.zero_share(kernel) for name, kernel in layers.kernels(recommender, names).items()}


@pytest.mark.parametrize("kind", ["mf", "neumf", "gru", "attention", "two_towers"])
def test_half_of_every_kernel_is_zero_and_nothing_of_the_wrapping_is_left(pruned: Of, served: Of, kind: str) -> None:
    result, given = pruned(kind), served(kind)
    assert zeros(result) == dict.fromkeys(zeros(given), 0.5)
    assert max(zeros(given).values()) < 0.05
    assert result.model.to_json() == given.model.to_json()
    assert result.roles == given.roles


@pytest.mark.parametrize("schedule", ["constant", "polynomial"])
@pytest.mark.parametrize("epochs", [1, 4])
def test_each_schedule_reaches_its_sparsity_however_short_the_training(
    served: Of, interactions: Interactions, untouched: Note, schedule: str, epochs: int
) -> None:
    given = served("mf")
    untouched(given)
    few = interactions.rows(np.arange(len(interactions)) < 256) if epochs == 1 else interactions
    result = prune(given, Prune(0.8, schedule, epochs), few, seed=0)
    for name, kernel in layers.kernels(result, layers.chosen(result, ())).items():
        assert (kernel == 0).sum() == round(0.8 * kernel.size), name


def test_a_polynomial_schedule_ends_on_a_step_at_which_masks_are_updated(keras: Any) -> None:
    for steps in range(1, 800):
        schedule = pruning.schedule(Prune(0.8), 0.0, steps).get_config()["config"]
        end = schedule.get("end_step", schedule["begin_step"])
        assert end % schedule["frequency"] == 0
        assert end <= steps - 1


def test_only_the_chosen_layers_are_pruned(served: Of, interactions: Interactions) -> None:
    result = prune(served("gru"), Prune(0.5, epochs=1, layers=("sc*",)), interactions, seed=0)
    found = zeros(result)
    assert found["scores"] == 0.5
    assert found["items"] == 0


def test_a_second_step_keeps_the_zeros_of_layers_that_it_does_not_choose(
    served: Of, interactions: Interactions
) -> None:
    first, second = Prune(0.5, epochs=1, layers=("items",)), Prune(0.25, epochs=1, layers=("scores",))
    once = prune(served("gru"), first, interactions, seed=0)
    twice = prune(once, second, interactions, earlier=(first,), seed=0)
    assert zeros(twice) == {"items": 0.5, "scores": 0.25}
    tables = [layers.kernels(each, ("items",))["items"] for each in (once, twice)]
    assert np.array_equal(*tables)
    assert all(layer.trainable for layer in twice.model.layers)


def test_a_second_step_on_the_same_layer_goes_on_from_its_zeros(served: Of, interactions: Interactions) -> None:
    first, second = (Prune(share, epochs=2, layers=("items",)) for share in (0.5, 0.75))
    once = prune(served("gru"), first, interactions, seed=0)
    twice = prune(once, second, interactions, earlier=(first,), seed=0)
    before, after = (layers.kernels(each, ("items",))["items"] for each in (once, twice))
    assert (before == 0).mean() == 0.5
    assert (after == 0).mean() == 0.75
    assert (after[before == 0] == 0).all()


@pytest.mark.parametrize("share", [0.5, 0.6])
def test_zeros_stay_however_far_the_optimizer_moves_what_is_masked(
    served: Of, interactions: Interactions, share: float
) -> None:
    """At this learning rate TF-MOT ranks weights that it had masked above others, and lets them come back."""
    first = Prune(0.5, epochs=1, layers=("scores",))
    second = Prune(share, epochs=8, learning_rate=0.3, layers=("scores",))
    once = prune(served("gru"), first, interactions, seed=0)
    twice = prune(once, second, interactions, earlier=(first,), seed=0)
    before, after = (layers.kernels(each, ("scores",))["scores"] for each in (once, twice))
    assert (after == 0).mean() == pytest.approx(share, abs=1 / after.size)
    assert (after[before == 0] == 0).all()


def test_tuning_changes_what_is_left(pruned: Of, served: Of) -> None:
    before, after = (layers.kernels(each("gru"), ("scores",))["scores"] for each in (served, pruned))
    assert (before[after != 0] != after[after != 0]).mean() > 0.9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(served: Of, interactions: Interactions) -> None:
    step = Prune(0.5, epochs=1)
    one, again, other = (prune(served("mf"), step, interactions, seed=seed).digest() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_pattern_without_a_layer_is_refused(served: Of, interactions: Interactions) -> None:
    with pytest.raises(RecipeError, match="no table or dense layer matches 'table'"):
        prune(served("gru"), Prune(0.5, layers=("table",)), interactions, seed=0)


def test_missing_zeros_are_refused(
    served: Of, interactions: Interactions, monkeypatch: pytest.MonkeyPatch, keras: Any
) -> None:
    """A schedule whose end falls behind the training, as it was before schedules ended on an update."""
    real = pruning.schedule
    monkeypatch.setattr(pruning, "schedule", lambda step, start, steps: real(replace(step, sparsity=0.3), start, steps))
    with pytest.raises(RecipeError, match=r"layer \w+ has \d+ zeros after pruning, expected 50.0% of"):
        prune(served("mf"), Prune(0.5, epochs=1), interactions, seed=0)


def test_outputs_that_stripping_changed_are_refused(served: Of, interactions: Interactions) -> None:
    given = served("mf")
    other = given.clone()
    weights = other.model.get_weights()
    weights[-1] = weights[-1] + 0.01
    other.model.set_weights(weights)
    same_outputs(given, given.model, given.clone().model, interactions)
    with pytest.raises(RecipeError, match=r"stripping changed an output by 0\.01"):
        same_outputs(given, given.model, other.model, interactions)
    weights[-1] = np.full_like(weights[-1], np.nan)
    other.model.set_weights(weights)
    with pytest.raises(RecipeError, match="stripping changed an output by nan"):
        same_outputs(given, given.model, other.model, interactions)
