"""Proof that a step did what it says: outputs equal before and after stripping, zeros and clusters in the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters import tflite_file, values
from edgerec.compress.errors import RecipeError
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import Recommender
from edgerec.models.training import probe

TOLERANCE = 1e-5  # of the largest output: the same float32 weights in another graph


def same_once_stripped(recommender: Recommender, wrapped: Any, stripped: Any, data: Interactions) -> None:
    """Raise RecipeError where stripping the wrappers left one behind or changed the outputs on real inputs."""
    own = {layer.name for layer in recommender.model.layers}  # a TimeDistributed of the model's is none of TF-MOT's
    left = [layer.name for layer in stripped.layers if hasattr(layer, "layer") and layer.name not in own]
    if left:
        raise RecipeError(f"stripping left a wrapper around {', '.join(left)}")
    same_outputs(recommender, wrapped, stripped, data)


def same_outputs(recommender: Recommender, before: Any, after: Any, data: Interactions) -> None:
    """Raise RecipeError where two models, one made of the other, answer differently on real inputs."""
    inputs = probe(recommender, data)
    expected, found = (np.asarray(model(inputs, training=False)) for model in (before, after))
    difference = float(np.abs(expected - found).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise RecipeError(f"stripping changed an output by {difference:g}, expected no change")


@dataclass(frozen=True)
class Arrival:
    """What of one kernel is in the file: share of zeros and number of distinct values, in the model and in the file."""

    shape: tuple[int, ...]
    zeros: float
    zeros_in_file: float
    distinct: int
    distinct_in_file: int


def arrivals(
    kernels: dict[str, NDArray[np.float32]], tflite: bytes, tables: Sequence[NDArray[np.float32]] = ()
) -> dict[str, Arrival]:
    """How each kernel [rows, columns] arrived in a .tflite, found by its shape or the transposed one and its values.

    `tables` are those that the file stores in codes, decoded; what the file holds of them are no numbers. Raises
    RecipeError for a kernel that is not there.
    """
    file = tflite_file.parse(tflite)
    constants = [
        values.decode(file, tensor)
        for tensor in file.subgraphs[0].tensors
        if len(tensor.shape) == 2 and len(file.constant(tensor))  # noqa: PLR2004
    ]
    constants += tables
    found = {}
    for name, kernel in kernels.items():
        candidates = [each for each in constants if each.shape == kernel.shape]
        candidates += [each.T for each in constants if each.shape == kernel.shape[::-1]]
        if not candidates:
            raise RecipeError(f"no constant of shape {kernel.shape} for layer {name} is in the converted file")
        nearest = min(candidates, key=lambda each: float(np.abs(each - kernel).sum()))
        found[name] = Arrival(
            kernel.shape,
            float((kernel == 0).mean()),
            float((nearest == 0).mean()),
            len(np.unique(kernel)),
            len(np.unique(nearest)),
        )
    return found


def refuse_what_did_not_arrive(found: dict[str, Arrival]) -> None:
    """Raise RecipeError where a file has fewer zeros or more distinct values than the model it came from."""
    for name, arrival in found.items():
        if arrival.zeros_in_file < arrival.zeros - 1e-9:
            raise RecipeError(
                f"layer {name} has {arrival.zeros:.1%} zeros and {arrival.zeros_in_file:.1%} of them in the file"
            )
        if arrival.distinct_in_file > arrival.distinct:
            raise RecipeError(
                f"layer {name} has {arrival.distinct} distinct values and {arrival.distinct_in_file} in the file"
            )
