from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgerec.compress.errors import RecipeError
from edgerec.compress.initial import initial_of, read_initial
from edgerec.models import reference
from edgerec.models.recommender import ModelError, Recommender

Of = Callable[[str], Recommender]


def saved(recommender: Recommender, path: Path) -> bytes:
    recommender.model.save(path)
    return read_initial(str(path))


@pytest.mark.parametrize("kind", ["mf", "two_towers"])
def test_the_model_of_the_file_comes_as_it_would_ship(trained: Of, served: Of, tmp_path: Path, kind: str) -> None:
    initial = trained(kind).clone()
    initial.model.set_weights([each + 1 for each in initial.model.get_weights()])
    found = initial_of(trained(kind), saved(initial, tmp_path / "a.keras"), "a.keras")
    assert found.roles == served(kind).roles
    now, before = (each.model.get_layer("users").get_weights()[0] for each in (served(kind), found))
    assert np.array_equal(before, now + 1)


def test_another_model_is_refused_by_its_layer(trained: Of, tmp_path: Path) -> None:
    wider = saved(reference.matrix_factorization(72, 96, columns=8), tmp_path / "a.keras")
    with pytest.raises(RecipeError, match=r"initial is a.keras, whose layer users has weights \[\(72, 8\)\], exp"):
        initial_of(trained("mf"), wider, "a.keras")
    other = saved(reference.gru(96, length=4, columns=16), tmp_path / "b.keras")
    with pytest.raises(RecipeError, match="layer users has weights of no such layer, expected"):
        initial_of(trained("mf"), other, "b.keras")


def test_a_file_that_is_none_is_one_sentence(trained: Of, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"initial is .*none.h5, and it cannot be read: No such file"):
        read_initial(str(tmp_path / "none.h5"))
    with pytest.raises(ModelError, match=r"x.h5: begins with b'nothing', expected a .keras"):
        initial_of(trained("mf"), b"nothing", "x.h5")
