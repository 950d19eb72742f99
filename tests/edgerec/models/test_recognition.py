from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device_tests.manifest import Input
from edgerec.config import InputSetting, ModelSetting
from edgerec.models.recognition import roles
from edgerec.models.recommender import ModelError
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS

PATH = Path("model.h5")
Make = Callable[..., Any]


@pytest.fixture(scope="module")
def make(keras: Any) -> Make:
    """Make a model: inputs by name as (shape, rows of its table or 0, mask_zero), and the shapes of its outputs."""

    def model(inputs: dict[str, tuple[tuple[int | None, ...], int, bool]], *widths: int) -> Any:
        layers, tensors, vectors = keras.layers, [], []
        for name, (shape, rows, masked) in inputs.items():
            tensors.append(keras.Input(shape, dtype="int32", name=name))
            vector = layers.Embedding(rows, 2, mask_zero=masked)(tensors[-1]) if rows else tensors[-1]
            for _ in shape if rows else ():
                vector = keras.layers.LSTM(2)(vector) if len(vector.shape) == 3 else vector
            vectors.append(keras.backend.cast(layers.Reshape((1,))(vector), "float32") if not rows else vector)
        both = layers.Concatenate()(vectors) if len(vectors) > 1 else vectors[0]
        return keras.Model(tensors, [layers.Dense(width)(both) for width in widths])

    return model


def setting(**parts: Any) -> ModelSetting:
    return ModelSetting(PATH, **parts)


def history(rows: int, *, masked: bool = False) -> dict[str, tuple[tuple[int | None, ...], int, bool]]:
    return {"item_history": ((4,), rows, masked)}


def test_a_catalogue_of_histories(make: Make) -> None:
    found = roles(make(history(41), 40), setting())
    assert (found.name, found.kind, found.items) == ("model", CATALOGUE, 40)
    assert found.inputs == (Input("item_history", "history", 4, 41, 40),)


@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_score_a_pair(shape: tuple[int, ...], make: Make) -> None:
    found = roles(make({"movie_id": (shape, 40, False), "UserID": (shape, 60, False)}, 1), setting(name="pairs"))
    assert (found.name, found.kind, found.items) == ("pairs", POINTWISE, 40)
    assert found.inputs == (Input("movie_id", "item", 0, 40, None), Input("UserID", "user", 0, 60, None))


def test_what_is_said_wins(make: Make) -> None:
    said = (InputSetting("item_history", "history", ids=39, padding_id=3),)
    assert roles(make(history(41), 40), setting(inputs=said)).inputs == (Input("item_history", "history", 4, 39, 3),)
    odd = {"user": ((), 40, False), "who": ((), 60, False)}
    said = (InputSetting("user", "item"), InputSetting("who", "user"))
    found = roles(make(odd, 1), setting(inputs=said))
    assert found.inputs == (Input("user", "item", 0, 40, None), Input("who", "user", 0, 60, None))
    assert roles(make({"user": ((), 60, False)}, 1), setting(kind=CATALOGUE)).items == 1


def test_an_input_takes_the_ids_of_its_smallest_table(keras: Any) -> None:
    user = keras.Input((), dtype="int32", name="user")
    tables = [keras.layers.Embedding(rows, 2)(user) for rows in (61, 60, 62)]
    model = keras.Model(user, keras.layers.Dense(40)(keras.layers.Add()(tables)))
    assert roles(model, setting()).inputs[0].ids == 60


def test_a_table_that_masks_zero_is_padded_with_zero(make: Make) -> None:
    assert roles(make(history(40, masked=True), 40), setting()).inputs[0].padding_id == 0


@pytest.mark.parametrize(
    ("inputs", "widths", "said", "reason"),
    [
        (history(41), (40,), {"inputs": (InputSetting("history", "history"),)}, "no input 'history'.*has item_history"),
        (history(41), (40,), {"inputs": (InputSetting("item_histry", "history"),)}, "did you mean item_history"),
        (history(41), (40, 1), {}, "expected one output of scores .* got .*40.*, .*1"),
        (history(41), (1,), {}, "pointwise model needs an input of role item; its inputs are item_history .history"),
        (history(41), (40,), {"kind": POINTWISE}, "gives one score a row, this one gives 40"),
        (history(41), (40,), {"kind": TWO_TOWERS}, "without the item features"),
        (history(40), (40,), {}, "padding id cannot be told; write padding_id"),
        (history(41, masked=True), (40,), {}, "masks id 0 and takes 41 ids"),
        (history(41), (40,), {"inputs": (InputSetting("item_history", "history", padding_id=41),)}, "ids are below 41"),
        (history(41), (40,), {"inputs": (InputSetting("item_history", "history", ids=42),)}, "its table has 41 rows"),
        ({"user_history": ((None,), 41, False)}, (40,), {}, r"shape \(None, None\), expected \[batch, length\]"),
        ({"user": ((4,), 60, False)}, (40,), {}, "expected one id a row"),
        ({"x": ((), 60, False)}, (40,), {}, "input 'x' may be anything; write .*x = \"user\""),
        ({"user": ((), 0, False)}, (40,), {}, "no table is looked up with 'user'; write ids = N"),
        ({"user": ((), 60, False), "item": ((), 40, False)}, (40,), {}, "scores every item and takes no item"),
        ({"item": ((), 40, False)}, (1,), {}, "no input says who asks"),
        (
            {"user": ((), 60, False), "user_age": ((), 9, False)},
            (40,),
            {},
            "two inputs have one role: user .user., user_age",
        ),
    ],
)
def test_what_cannot_be_told_is_asked_for(
    inputs: Any, widths: tuple[int, ...], said: dict[str, Any], reason: str, make: Make
) -> None:
    with pytest.raises(ModelError, match=reason) as refused:
        roles(make(inputs, *widths), setting(**said))
    assert str(refused.value).startswith("model.h5: ")
    assert "\n" not in str(refused.value)


def test_ids_of_an_input_without_a_table_are_said(make: Make) -> None:
    said = (InputSetting("user", "user", ids=60),)
    assert roles(make({"user": ((), 0, False)}, 40), setting(inputs=said)).inputs[0].ids == 60


def test_a_model_that_takes_a_vector_is_refused(make: Make) -> None:
    both = {"user": ((), 40, False), "taste": ((1,), 0, False)}
    said = setting(inputs=(InputSetting("taste", "vector"),))
    with pytest.raises(
        ModelError, match=r"'taste' is a vector, and a model is trained on ids; .* edgerec pack --vectors"
    ):
        roles(make(both, 40), said)
