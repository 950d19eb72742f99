from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters import tflite_file, values
from edgerec.compress.errors import RecipeError
from edgerec.compress.proof import Arrival, arrivals, refuse_what_did_not_arrive
from edgerec.models.recommender import Recommender

Of = Callable[[str], Recommender]
Convert = Callable[[Recommender, str], bytes]

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def tflite() -> bytes:
    """A converted GRU of 71 rows and 70 items, float32: its zeros and values are known from the file itself."""
    return (FIXTURES / "converted_gru_float32.tflite").read_bytes()


@pytest.fixture(scope="module")
def stored(tflite: bytes) -> dict[str, np.ndarray]:
    file = tflite_file.parse(tflite)
    constants = [
        tensor for tensor in file.subgraphs[0].tensors if len(tensor.shape) == 2 and len(file.constant(tensor))
    ]
    by_shape = {tensor.shape: values.decode(file, tensor) for tensor in constants}
    return {"items": by_shape[71, 16], "scores": by_shape[70, 16].T}


def edited(tflite: bytes, old: np.ndarray, new: np.ndarray) -> bytes:
    """Write other numbers over a constant of the file."""
    at = tflite.index(old.astype("<f4").tobytes())
    return tflite[:at] + new.astype("<f4").tobytes() + tflite[at + new.nbytes :]


def test_a_kernel_is_found_as_it_is_and_transposed(tflite: bytes, stored: dict[str, np.ndarray]) -> None:
    found = arrivals(stored, tflite)
    assert found["items"] == Arrival((71, 16), 0, 0, len(np.unique(stored["items"])), len(np.unique(stored["items"])))
    assert found["scores"].shape == (16, 70)
    refuse_what_did_not_arrive(found)


def test_of_two_constants_of_one_shape_the_nearest_is_the_kernels(tflite: bytes, stored: dict[str, np.ndarray]) -> None:
    table = stored["items"].copy()
    table[np.abs(table) < np.median(np.abs(table))] = 0
    pruned_file = edited(tflite, stored["items"], table)
    found = arrivals({"items": table}, pruned_file)["items"]
    assert found.zeros == found.zeros_in_file == pytest.approx(0.5, abs=0.01)


def test_a_file_that_lost_its_zeros_is_refused(tflite: bytes, stored: dict[str, np.ndarray]) -> None:
    table = stored["items"].copy()
    table[:40] = 0
    kept = edited(tflite, stored["items"], table)
    refuse_what_did_not_arrive(arrivals({"items": table}, kept))
    lost = edited(kept, table, np.where(np.arange(table.size).reshape(table.shape) == 3, 1e-6, table))
    with pytest.raises(RecipeError, match=r"layer items has 56.3% zeros and 56.2% of them in the file"):
        refuse_what_did_not_arrive(arrivals({"items": table}, lost))


def test_a_file_that_lost_its_clusters_is_refused(tflite: bytes, stored: dict[str, np.ndarray]) -> None:
    table = np.round(stored["items"], 1)
    kept = edited(tflite, stored["items"], table)
    refuse_what_did_not_arrive(arrivals({"items": table}, kept))
    lost = table.copy()
    lost[np.unravel_index(table.argmax(), table.shape)] += 0.01
    number = len(np.unique(table))
    assert (table == table.max()).sum() > 1 or table.max() == 0
    with pytest.raises(RecipeError, match=f"layer items has {number} distinct values and {number + 1} in the file"):
        refuse_what_did_not_arrive(arrivals({"items": table}, edited(kept, table, lost)))


def test_a_kernel_of_a_shape_that_is_not_in_the_file_is_refused(tflite: bytes) -> None:
    with pytest.raises(RecipeError, match=r"no constant of shape \(5, 7\) for layer other is in the converted file"):
        arrivals({"other": np.zeros((5, 7), np.float32)}, tflite)


@pytest.mark.parametrize("precision", ["float32", "dynamic_int8", "full_int8"])
@pytest.mark.parametrize("kind", ["mf", "neumf", "gru", "attention", "two_towers"])
def test_zeros_and_clusters_of_every_kind_arrive_in_every_precision(
    clustered: Of, trained_to_round: Of, in_this_process: Convert, kind: str, precision: str
) -> None:
    from edgerec.compress import layers

    given = clustered(kind)
    kernels = layers.kernels(given, layers.chosen(given, ()))
    made = [in_this_process(given, precision)]
    if kind not in {"mf", "gru"}:
        made.append(in_this_process(trained_to_round(kind), precision))
    for tflite in made:
        found = arrivals(kernels, tflite)
        refuse_what_did_not_arrive(found)
        assert all(each.zeros_in_file >= 0.499 and each.distinct_in_file <= 16 for each in found.values())


def test_a_wrapper_that_stripping_left_is_named(served: Of, keras: Any) -> None:
    from edgerec.compress.proof import same_once_stripped

    inner = keras.Input((4,))
    layer = keras.layers.TimeDistributed(keras.layers.Dense(2), name="still_wrapped")
    model = keras.Model(inner, layer(keras.layers.Reshape((2, 2))(inner)))
    with pytest.raises(RecipeError, match="stripping left a wrapper around still_wrapped"):
        same_once_stripped(served("gru"), model, model, None)  # type: ignore[arg-type]
