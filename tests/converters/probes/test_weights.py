"""Weights that a runtime is asked with: their bytes stand for their numbers, and other readings of them show."""

from collections.abc import Iterator

import numpy as np
import pytest

from converters import tflite_file, values
from converters.graph_writer import GraphWriter
from converters.probes.archive import probes
from converters.probes.models import Probe, fully_connected
from converters.probes.weights import Weights, floats, integers

GRIDS = [
    integers("INT8", "tensor"),
    integers("INT8", "row"),
    integers("INT8", "tensor", zero_point=30),
    integers("UINT8", "tensor", zero_point=128),
    integers("INT4", "row"),
    integers("INT4", "row", columns=33),
    integers("INT4", "block", block=32),
    integers("INT2", "row"),
    integers("INT2", "tensor", columns=33),
    floats(),
    floats("FLOAT16"),
]


@pytest.mark.parametrize("weights", GRIDS, ids=lambda one: f"{one.dtype}-{len(one.scales)}-{one.real.shape[1]}")
def test_a_file_holds_the_numbers_that_the_weights_stand_for(weights: Weights) -> None:
    writer = GraphWriter()
    index = weights.tensor(writer)
    writer.output("w", index)
    file = tflite_file.parse(writer.pack())
    (tensor,) = (one for one in file.subgraphs[0].tensors if one.shape == weights.real.shape)
    assert np.array_equal(values.decode(file, tensor), weights.real)


def misread(weights: Weights) -> Iterator[tuple[str, np.ndarray]]:
    """Give what other readings of the same bytes would make of the weights."""
    stored = weights.stored.astype(np.float64)
    if len(weights.scales) > 1:
        yield "the first scale for all", (stored - weights.zero_point) * weights.scales[0]
    if len(weights.scales) > len(stored):
        rows = np.array(weights.scales).reshape(len(stored), -1)
        yield "the first scale of a row", stored * rows[:, :1]
    if weights.zero_point:
        yield "no zero point", stored * weights.scales[0]
    if weights.dtype == "INT4":
        yield "nibbles swapped", weights.real.reshape(-1, 2)[:, ::-1].reshape(weights.real.shape)


@pytest.mark.parametrize("weights", GRIDS[:9], ids=lambda one: f"{one.dtype}-{len(one.scales)}-{one.real.shape[1]}")
def test_an_answer_by_another_reading_is_not_right(weights: Weights) -> None:
    for what, wrong in misread(weights):
        probe = fully_connected(weights)
        assert max(off(probe, wrong)) > 3, what


def off(probe: Probe, read: np.ndarray) -> list[float]:
    """Give by how many times what is allowed the answers are off when weights are read so."""
    return [float((np.abs(one.given @ read.T - one.right) / one.allowed).max()) for one in probe.trials]


def test_zeros_of_sparse_weights_are_not_stored() -> None:
    for sparse in ("1x1", "1x4"):
        weights = floats(sparse=sparse)
        assert 0.2 < (weights.real != 0).mean() < 0.6
        file = tflite_file.parse(fully_connected(weights).model)
        (tensor,) = (one for one in file.subgraphs[0].tensors if one.sparse)
        assert len(file.constant(tensor)) == 4 * np.count_nonzero(weights.real)


def test_about_a_hundred_models_ask_differently() -> None:
    found = [one.use for one in probes()]
    assert len(set(found)) > 100
