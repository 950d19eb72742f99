from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from converters.errors import TfliteError, UnsupportedOp
from converters.graph import Tensor
from converters.tflite_file import TfliteFile, parse
from converters.values import decode, raw


def stored(
    maker: ModuleType, array: Any, dtype: str, shape: tuple[int, ...], **quantization: Any
) -> tuple[TfliteFile, Tensor]:
    builder = maker.Builder()
    graph = builder.graph()
    graph.tensor("t", shape, dtype, buffer=builder.buffer(np.asarray(array).tobytes()), batch=False, **quantization)
    file = parse(builder.pack())
    return file, file.subgraphs[0].tensors[0]


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"])
def test_raw_numbers_are_those_written(maker: ModuleType, dtype: str) -> None:
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    found = raw(*stored(maker, array, dtype.upper(), (2, 3)))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_raw_does_not_copy(maker: ModuleType) -> None:
    file, tensor = stored(maker, np.zeros(4, np.float32), "FLOAT32", (4,))
    assert np.shares_memory(raw(file, tensor), np.frombuffer(file.data, np.uint8))


def test_four_and_two_bit_numbers_are_unpacked_low_bits_first(maker: ModuleType) -> None:
    four = stored(maker, np.array([0x21, 0xF8, 0x07], np.uint8), "INT4", (5,))
    assert raw(*four).tolist() == [1, 2, -8, -1, 7]
    assert raw(*four).dtype == np.int8
    assert raw(*stored(maker, np.array([0x21, 0xF8], np.uint8), "UINT4", (4,))).tolist() == [1, 2, 8, 15]
    assert raw(*stored(maker, np.array([0b11_10_01_00], np.uint8), "INT2", (2, 2))).tolist() == [[0, 1], [-2, -1]]


def test_bfloat16_is_the_upper_half_of_float32(maker: ModuleType) -> None:
    upper = (np.array([1.5, -2.0], np.float32).view(np.uint32) >> 16).astype(np.uint16)
    assert raw(*stored(maker, upper, "BFLOAT16", (2,))).tolist() == [1.5, -2.0]


def test_decoding_takes_off_the_zero_point_and_scales_each_row(maker: ModuleType) -> None:
    array = np.array([[0, 10], [20, -128]], np.int8)
    one = stored(maker, array, "INT8", (2, 2), scales=(0.5,), zero_point=10)
    assert decode(*one).tolist() == [[-5, 0], [5, -69]]
    assert decode(*stored(maker, array, "INT8", (2, 2), scales=(0.5, 2.0))).tolist() == [[0, 5], [40, -256]]
    assert decode(*stored(maker, array, "INT8", (2, 2), scales=(0.5, 2.0), axis=1)).tolist() == [[0, 20], [10, -256]]
    assert decode(*stored(maker, array, "INT8", (2, 2))).dtype == np.float32


@pytest.mark.parametrize(
    ("scale", "short"), [(1 + 2**-8, 1), (1 + 3 * 2**-8, 1 + 2**-6), (1 + 2**-9, 1), (0.1, 0.10009765625)]
)
def test_scales_of_blocks_are_cut_short_to_bfloat16_halves_to_even(
    maker: ModuleType, scale: float, short: float
) -> None:
    from converters.graph_writer import GraphWriter
    from converters.tables.native_rows import BlockRows

    writer = GraphWriter()
    BlockRows(np.full((1, 32), 3, np.int8), np.array([[scale]], np.float16)).lookup(
        writer, writer.input("ids", (-1,), "INT32")
    )
    file = parse(writer.pack())
    table = next(tensor for tensor in file.subgraphs[0].tensors if tensor.dtype == "INT4")
    assert decode(file, table).tolist() == [[3 * float(np.float16(scale))] * 32]
    assert decode(file, table, short_scales=True).tolist() == [[3 * short] * 32]


def test_a_computed_tensor_has_no_numbers(load: Callable[[str], bytes]) -> None:
    file = parse(load("history_float32"))
    mean = next(tensor for tensor in file.subgraphs[0].tensors if tensor.name == "mean")
    with pytest.raises(TfliteError, match="tensor 'mean' holds no data"):
        raw(file, mean)


def test_types_that_numpy_has_not_are_refused_by_name(maker: ModuleType) -> None:
    with pytest.raises(UnsupportedOp, match="is of type STRING"):
        raw(*stored(maker, np.zeros(3, np.uint8), "STRING", (1,)))


def in_blocks(scales: Any) -> tuple[TfliteFile, Tensor]:
    from converters.graph_writer import GraphWriter

    writer = GraphWriter()
    at = writer.constant(np.array(scales, np.float16))
    table = writer.constant(np.array([[0x21, 0x43], [0x65, 0x07]], np.uint8), "INT4", (2, 4), blocks=(at, 2))
    ids = writer.input("ids", (-1,), "INT32")
    writer.output("rows", writer.apply("EMBEDDING_LOOKUP", [ids, table], (-1, 4), version=4))
    file = parse(writer.pack())
    return file, next(one for one in file.subgraphs[0].tensors if one.quantization is not None)


def test_scales_in_blocks_are_those_of_the_columns_that_they_cover() -> None:
    assert decode(*in_blocks([[1, 10], [2, 20]])).tolist() == [[1, 2, 30, 40], [10, 12, 140, 0]]


@pytest.mark.parametrize("scales", [[[1, 1, 1], [1, 1, 1]], [[1, 1]], [1, 1], 1.0])
def test_scales_in_blocks_that_do_not_fit_their_tensor_are_refused(scales: Any) -> None:
    with pytest.raises(UnsupportedOp, match=r"tensor '' \[2, 4\] has scales \[.*\], which is not read here"):
        decode(*in_blocks(scales))
