"""Packing of small integers, and what the operators make of the bytes again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters import tflite_file
from converters.errors import ConverterError
from converters.graph_writer import GraphWriter
from converters.numpy_reference import run
from converters.tables.bits import packed_bits, refuse_unfit_values, unpacked
from converters.tables.operations import reshaped


def test_the_first_value_lies_in_the_low_bits() -> None:
    assert packed_bits(np.array([[1, -8]], np.int8), 4).tolist() == [[-127]]  # 0x81
    assert packed_bits(np.array([[1, 0, -1, -2]], np.int8), 2).view(np.uint8).tolist() == [[0b10110001]]
    assert packed_bits(np.array([[1, -2]], np.int8), 8).tolist() == [[1, -2]]


@pytest.mark.parametrize("bits", [4, 2])
def test_every_byte_is_unpacked_to_the_values_that_it_was_packed_from(bits: int) -> None:
    count = 8 // bits
    writer = GraphWriter()
    octets = writer.input("bytes", (-1, 1, 1))
    writer.output("values", reshaped(writer, unpacked(writer, octets, bits), (-1, count)))
    file = tflite_file.parse(writer.pack())
    octets_in = np.arange(-128, 128).astype(np.float32).reshape(-1, 1, 1)
    values = run(file, {"bytes": octets_in})["values"].astype(np.int8)
    assert {tuple(row) for row in values.tolist()} == {
        tuple(np.array(index) - 2 ** (bits - 1)) for index in np.ndindex(*(2**bits,) * count)
    }
    assert np.array_equal(packed_bits(values, bits).ravel(), octets_in.ravel().astype(np.int8))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([8, 4, 2]), st.integers(1, 9), st.integers(1, 5), st.integers(0, 99))
def test_tensors_of_the_file_hold_the_values(bits: int, rows: int, groups: int, seed: int) -> None:
    from converters import values as stored

    columns = groups * (8 // bits)
    made = np.random.default_rng(seed).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (rows, columns)).astype(np.int8)
    writer = GraphWriter()
    weights = writer.constant(packed_bits(made, bits), f"INT{bits}", made.shape, scales=(1.0,))
    query = writer.input("vector", (-1, columns))
    writer.output("scores", writer.apply("FULLY_CONNECTED", [query, weights, -1], (-1, rows), version=14))
    file = tflite_file.parse(writer.pack())
    (tensor,) = (one for one in file.subgraphs[0].tensors if one.quantization)
    assert np.array_equal(stored.raw(file, tensor), made)
    assert np.array_equal(stored.decode(file, tensor), made)


def test_values_in_a_view_that_is_not_contiguous_are_packed_alike() -> None:
    values = np.random.default_rng(0).integers(-8, 8, (6, 8)).astype(np.int8)
    assert np.array_equal(packed_bits(values[::2, ::2], 4), packed_bits(values[::2, ::2].copy(), 4))


@pytest.mark.parametrize(
    ("values", "bits", "message"),
    [
        (np.zeros((2, 4), np.int8), 3, "got 3 bits, expected one of 8, 4, 2"),
        (np.zeros((2, 4), np.int16), 8, r"got int16 \[2, 4\], expected int8 \[rows, columns\]"),
        (np.zeros(4, np.int8), 8, r"got int8 \[4\], expected int8 \[rows, columns\]"),
        (np.zeros((0, 4), np.int8), 8, r"got int8 \[0, 4\], expected int8 \[rows, columns\]"),
        (np.zeros((2, 3), np.int8), 4, "got 3 columns of 4 bits, expected a multiple of 2, .* use more bits"),
        (np.full((2, 4), 8, np.int8), 4, "got 8 to 8, expected values from -8 to 7 at 4 bits"),
        (np.full((2, 4), -3, np.int8), 2, "got -3 to -3, expected values from -2 to 1 at 2 bits"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: np.ndarray, bits: int, message: str) -> None:
    with pytest.raises(ConverterError, match=message):
        refuse_unfit_values(values, bits, (8, 4, 2))
