"""Steps that several codecs share, as operators of a graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter

# Versions from tensorflow/lite/tools/versioning/op_version.cc, by the type of the input.
FLOAT16_DEQUANTIZE = 3
GATHER = {"FLOAT32": 1, "INT32": 1, "UINT8": 1, "INT8": 2, "INT16": 4}
CAST = {"BOOL": 1, "FLOAT32": 1, "INT64": 1, "INT32": 1, "UINT8": 1, "INT16": 1, "INT8": 3}


def widened(writer: GraphWriter, values: NDArray[np.float16]) -> int:
    """Return a float32 tensor of stored float16 `values`; a runtime widens a constant once, when it loads."""
    return writer.apply("DEQUANTIZE", [writer.constant(values)], values.shape, version=FLOAT16_DEQUANTIZE)


def gathered(writer: GraphWriter, table: int, ids: int, *, axis: int = 0) -> int:
    """Return the slices of `table` along `axis` that `ids` name."""
    of = writer.shape(table)
    shape = (*of[:axis], *writer.shape(ids), *of[axis + 1 :])
    dtype = writer.dtype(table)
    return writer.apply("GATHER", [table, ids], shape, dtype, version=GATHER[dtype], axis=axis)


def cast(writer: GraphWriter, tensor: int, dtype: str) -> int:
    """Return the numbers of an integer tensor in another type."""
    version = max(CAST[writer.dtype(tensor)], CAST[dtype])
    return writer.apply("CAST", [tensor], writer.shape(tensor), dtype, version=version)


def reshaped(writer: GraphWriter, tensor: int, shape: Sequence[int]) -> int:
    """Return a tensor in another shape, whose first axis takes what is left: the batch."""
    shape = (-1, *shape[1:])
    inputs = [tensor, writer.constant(np.array(shape, np.int32))]
    return writer.apply("RESHAPE", inputs, shape, writer.dtype(tensor))


def scalar(writer: GraphWriter, value: float) -> int:
    """Return a float32 constant of one number."""
    return writer.constant(np.array([value], np.float32))


def combined(writer: GraphWriter, name: str, left: int, right: int) -> int:
    """Return the elementwise `name` (ADD, MUL, ...) of two tensors, broadcast against each other."""
    shapes = [writer.shape(left), writer.shape(right)]
    rank = max(map(len, shapes))
    padded = [(*(1,) * (rank - len(shape)), *shape) for shape in shapes]
    shape = [a if b == 1 else b for a, b in zip(*padded, strict=True)]
    return writer.apply(name, [left, right], shape, writer.dtype(left))


def summed(writer: GraphWriter, tensor: int, *, keep: bool = False) -> int:
    """Return the sums over the last axis, which stays with length 1 when it is kept."""
    *shape, _ = writer.shape(tensor)
    axis = writer.constant(np.array([len(shape)], np.int32))
    return writer.apply("SUM", [tensor, axis], (*shape, 1) if keep else shape, keep_dims=keep)


def integer(writer: GraphWriter, value: int) -> int:
    """Return an int32 constant of one number."""
    return writer.constant(np.array([value], np.int32))


def remainder(writer: GraphWriter, ids: int, count: int) -> int:
    """Return int32 `ids` modulo `count`."""
    return combined(writer, "FLOOR_MOD", ids, integer(writer, count))


def repeated(writer: GraphWriter, scores: int, rows: int) -> int:
    """Return scores [batch, n] over and over until there are `rows` of them, [batch, rows]."""
    batch, count = writer.shape(scores)
    times = -(-rows // count)
    multiples = writer.constant(np.array([1, times], np.int32))
    return first(writer, writer.apply("TILE", [scores, multiples], (batch, count * times)), rows)


def first(writer: GraphWriter, scores: int, rows: int) -> int:
    """Return the first `rows` scores of [batch, n or more]."""
    batch, count = writer.shape(scores)
    if count == rows:
        return scores
    begin, size = (writer.constant(np.array(each, np.int32)) for each in ([0, 0], [-1, rows]))
    return writer.apply("SLICE", [scores, begin, size], (batch, rows))


def scaled_rows(writer: GraphWriter, rows: int, scales: NDArray[np.float16], ids: int) -> int:
    """Return looked-up `rows` [..., columns], each times its row's scale."""
    return combined(writer, "MUL", rows, _own(writer, scales, ids))


def shifted_rows(writer: GraphWriter, rows: int, biases: NDArray[np.float16], ids: int) -> int:
    """Return looked-up `rows` [..., columns], each plus its row's bias."""
    return combined(writer, "ADD", rows, _own(writer, biases, ids))


def _own(writer: GraphWriter, numbers: NDArray[np.float16], ids: int) -> int:
    """Return [..., 1], what each of the `ids` has of float16 numbers [rows]."""
    shape = (len(numbers), 1)
    column = writer.apply("DEQUANTIZE", [writer.constant(numbers, shape=shape)], shape, version=FLOAT16_DEQUANTIZE)
    return gathered(writer, column, ids)


def dense(writer: GraphWriter, query: int, weights: int, *, version: int = 1, **options: Any) -> int:
    """Return FULLY_CONNECTED of a query [batch, columns] with weights [rows, columns], without a bias."""
    shape = (writer.shape(query)[0], writer.shape(weights)[0])
    return writer.apply("FULLY_CONNECTED", [query, weights, -1], shape, version=version, **options)


def hybrid(writer: GraphWriter, query: int, weights: int, *, version: int = 9) -> int:
    """Return FULLY_CONNECTED with integer weights, for which a kernel rounds each query to 8 bits of its own range."""
    return dense(writer, query, weights, version=version, asymmetric_quantize_inputs=True)
