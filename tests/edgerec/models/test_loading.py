from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_tests.ranking import top_k
from edgerec.config import InputSetting, ModelSetting
from edgerec.data.splitting import Split
from edgerec.models.loading import load
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.serving import ends_in, serving
from edgerec.models.training import Fit, probe, train

Build = Callable[..., Recommender]
Save = Callable[[Any, Path], Path]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", ["mf", "neumf", "gru", "attention", "two_towers"])
def test_a_reference_model_comes_back_with_its_roles(
    *, name: str, suffix: str, tiny: Build, blocks: Split, saved: Save, tmp_path: Path
) -> None:
    given = serving(tiny(name))  # of two towers the file holds what is served
    found = load(ModelSetting(saved(given.model, tmp_path / f"{name}{suffix}")))
    assert found.roles == given.roles
    fed = probe(given, blocks.train)
    assert np.array_equal(found.model(fed), given.model(fed))
    assert found.digest() == given.digest()


def test_what_is_said_of_a_model_wins(tiny: Build, saved: Save, tmp_path: Path) -> None:
    path = saved(tiny("gru").model, tmp_path / "x.h5")
    said = ModelSetting(path, name="mine", inputs=(InputSetting("history", "history", ids=30, padding_id=7),))
    found = load(said).roles
    assert (found.name, found.inputs[0].ids, found.inputs[0].padding_id) == ("mine", 30, 7)


def test_two_towers_as_trained_are_not_a_file(tiny: Build, saved: Save, tmp_path: Path) -> None:
    path = saved(tiny("two_towers").model, tmp_path / "x.keras")
    with pytest.raises(ModelError, match=r"x.keras: two towers come without the item features in a file"):
        load(ModelSetting(path, kind="two_towers"))
    with pytest.raises(ModelError, match=r"two inputs have one role: .*item .item., item_features .item."):
        load(ModelSetting(path))


@pytest.mark.parametrize("end", ["sigmoid", "softmax"])
def test_a_model_that_ends_in_probabilities_can_be_tuned(
    end: str, keras: Any, blocks: Split, saved: Save, tmp_path: Path
) -> None:
    user = keras.Input((), dtype="int32", name="user")
    vector = keras.layers.Embedding(60, 4, embeddings_initializer="random_normal")(user)
    model = keras.Model(user, keras.layers.Dense(40, activation=end)(vector))
    found = load(ModelSetting(saved(model, tmp_path / "x.h5")))
    users = np.arange(60)
    assert ends_in(found.model) == ""
    assert np.array_equal(top_k(np.asarray(found.model(users)), 10), top_k(np.asarray(model(users)), 10))
    train(found, blocks.train, Fit(epochs=1))


def test_a_file_is_read_once(tiny: Build, saved: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at is what is loaded: whoever reads the file again finds something else."""
    path = saved(tiny("mf").model, tmp_path / "x.keras")
    expected, read = load(ModelSetting(path)).digest(), Path.read_bytes

    def once(self: Path) -> bytes:
        data = read(self)
        self.write_bytes(b"something else")
        return data

    monkeypatch.setattr(Path, "read_bytes", once)
    assert load(ModelSetting(path)).digest() == expected
    with pytest.raises(ModelError, match="begins with b'somethin'"):
        load(ModelSetting(path))


def test_the_name_of_a_file_says_nothing_of_its_form(tiny: Build, saved: Save, tmp_path: Path) -> None:
    path = saved(tiny("mf").model, tmp_path / "x.keras").rename(tmp_path / "x.h5")
    assert load(ModelSetting(path)).roles.name == "x"


def test_nothing_is_left_behind(tiny: Build, saved: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    load(ModelSetting(saved(tiny("mf").model, tmp_path / "x.h5")))
    assert not list(scratch.iterdir())


def test_what_cannot_be_read_is_said(tmp_path: Path, keras: Any) -> None:
    with pytest.raises(ModelError, match=r"gone.h5: cannot be read: No such file"):
        load(ModelSetting(tmp_path / "gone.h5"))
    with pytest.raises(ModelError, match=r"a folder .a SavedModel.., expected a .keras or .h5 file"):
        load(ModelSetting(tmp_path))


def test_weights_that_are_no_numbers_are_refused(tiny: Build, saved: Save, tmp_path: Path) -> None:
    model = tiny("mf").clone().model
    model.get_layer("scores").bias.assign(np.full(40, np.nan, np.float32))
    with pytest.raises(ModelError, match="scores/bias:0 of x holds 40 NaN"):
        load(ModelSetting(saved(model, tmp_path / "x.keras")))
