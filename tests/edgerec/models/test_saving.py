from pathlib import Path

import numpy as np
import pytest

from edgerec.config import InputSetting, ModelSetting
from edgerec.models import reference
from edgerec.models.loading import load
from edgerec.models.saving import save

pytestmark = pytest.mark.tensorflow


def test_a_model_that_was_saved_is_loaded_with_the_same_weights(keras: object, tmp_path: Path) -> None:
    made = reference.gru(20, length=3, columns=4)
    path = tmp_path / "gru.keras"
    save(made, path)
    history = InputSetting("history", "history", padding_id=20)
    again = load(ModelSetting(path, inputs=(history,)))
    for one, other in zip(again.model.get_weights(), made.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert list(tmp_path.iterdir()) == [path]
