"""Equal parts of a file, written once, and read by both runtimes."""

from collections.abc import Callable

import numpy as np
import pytest

from converters import tflite_file
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run

Load = Callable[[str], bytes]


def chain(length: int) -> bytes:
    """A graph of so many equal steps."""
    writer = GraphWriter()
    vector = writer.input("vector", (-1, 64))
    step = writer.constant(np.float32([2]))
    for _ in range(length):
        vector = writer.apply("ADD", [vector, step], (-1, 64))
    writer.output("last", vector)
    return writer.pack()


def test_a_further_equal_step_takes_a_tensor_and_an_operator_and_no_shape_or_options_of_its_own() -> None:
    tensor_and_operator_bytes = (len(chain(110)) - len(chain(10))) / 100
    assert tensor_and_operator_bytes < 100


def test_an_unrolled_model_that_nothing_changed_is_smaller_and_says_the_same_of_its_tensors(load: Load) -> None:
    before = load("converted_gru_float32")
    after = GraphWriter(before).pack()
    assert len(after) < len(before) - 2000
    told, again = (tflite_file.parse(each).subgraphs[0] for each in (before, after))
    assert sorted((one.dtype, one.shape, one.shape_signature) for one in told.tensors if one.shape) == sorted(
        (one.dtype, one.shape, one.shape_signature) for one in again.tensors if one.shape
    )
    assert [operator.options for operator in told.operators] == [operator.options for operator in again.operators]


@pytest.mark.parametrize("runtime", ["tflite-runtime==2.14.0", "ai-edge-litert==2.3.0"])
def test_both_runtimes_read_places_that_several_refer_to(
    on_device: Callable[..., list[dict[str, np.ndarray]]], runtime: str
) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    (found,) = on_device(runtime, [(chain(40), {"vector": vectors})])
    assert np.allclose(found["last"], vectors + 80, atol=1e-3)
    assert np.array_equal(found["last"], run(tflite_file.parse(chain(40)), {"vector": vectors})["last"])


def test_quantization_of_equal_scales_is_shared_and_of_others_is_not() -> None:
    writer = GraphWriter()
    vector = writer.input("vector", (-1, 64))
    scales = (0.5, 0.5, 0.25)
    for number, scale in enumerate(scales):
        table = np.full((4, 64), number, np.int8)
        weights = writer.constant(table, "INT8", scales=(scale,))
        writer.output(f"scores_{number}", writer.apply("FULLY_CONNECTED", [vector, weights, -1], (-1, 4), version=9))
    file = tflite_file.parse(writer.pack())
    found = sorted(float(one.quantization.scales[0]) for one in file.subgraphs[0].tensors if one.quantization)
    assert found == sorted(scales)
