from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgerec.compress import layers
from edgerec.compress.applying import Training, apply, identity
from edgerec.compress.errors import RecipeError
from edgerec.compress.pruning import prune
from edgerec.compress.ranking import ModelPath
from edgerec.compress.steps import Narrow, Prune
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
SETTLED = 1e-12


def test_by_magnitude_in_each_tensor_it_is_tf_mots_own_pruning_to_the_byte(
    trained: Of, served: Of, interactions: Interactions
) -> None:
    step = Prune(0.5, epochs=1)
    found = apply(step, trained("mf"), Training(interactions, seed=4))
    assert found.digest() == prune(served("mf"), step, interactions, seed=4).digest()


def test_a_criterion_is_told_what_the_training_data_says(trained: Of, interactions: Interactions) -> None:
    step = Prune(0.5, "constant", 1, SETTLED, criterion="fisher")
    fisher, magnitude = (
        layers.kernels(apply(each, trained("mf"), Training(interactions)), ["users", "scores"])
        for each in (step, replace(step, criterion="magnitude", per="global"))
    )
    assert all((kernel == 0).mean() == 0.5 for kernel in fisher.values())
    assert any(not np.array_equal(fisher[name] == 0, magnitude[name] == 0) for name in fisher)


def test_a_lottery_ticket_goes_back_to_the_file(trained: Of, interactions: Interactions, tmp_path: Path) -> None:
    initial = trained("mf").clone()
    initial.model.set_weights([np.full_like(each, 7) for each in initial.model.get_weights()])
    initial.model.save(tmp_path / "untrained.keras")
    path = ModelPath(str(tmp_path / "untrained.keras"))
    step = Prune(0.5, "constant", 1, SETTLED, criterion="reset", settings=(("to", "initial"),), initial=path)
    found = apply(step, trained("mf"), Training(interactions))
    for kernel in layers.kernels(found, ["users", "scores"]).values():
        assert np.allclose(np.sort(np.unique(kernel.round(4))), [0, 7])


def test_what_a_criterion_lacks_is_an_error_of_the_recipe(
    trained: Of, interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgerec.compress.applying.evidence", lambda *_, **__: {})
    with pytest.raises(RecipeError, match="layer users has no statistics"):
        apply(Prune(0.5, criterion="fisher"), trained("mf"), Training(interactions))
    few = Narrow(0.5, "mutual_information", settings=(("least_pairs", 60_000),))
    with pytest.raises(RecipeError, match=r"step narrow by mutual_information cannot be .* got 50000 labelled"):
        apply(few, trained("mf"), Training(interactions))


def test_a_step_is_the_same_wherever_the_file_that_it_names_lies_and_another_for_other_bytes(tmp_path: Path) -> None:
    def of(name: str, content: bytes) -> dict[str, object]:
        (tmp_path / name).write_bytes(content)
        path = ModelPath(str(tmp_path / name))
        return identity(Narrow(0.5, "reset", settings=(("to", "initial"),), initial=path))

    assert of("a.h5", b"one") == of("b.h5", b"one") != of("a.h5", b"other")
    assert identity(Narrow(0.5)) != identity(Narrow(0.25))
