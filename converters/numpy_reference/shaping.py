"""Operators that make, cut, join and turn arrays without changing the numbers in them."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from converters.errors import UnsupportedOp
from converters.numpy_reference.call import Array, Call, Kernel


def _reshape(call: Call) -> Array:
    value = call.value(0)
    target = call.integers(1) if call.optional(1) is not None else _new_shape(call)
    if -1 not in target and prod(target) != value.size and target[:1] == [1]:
        target = [call.batch, *target[1:]]  # recorded for a batch of one
    return value.reshape(target)


def _new_shape(call: Call) -> list[int]:
    shape = call.operator.options["new_shape"]
    if not isinstance(shape, tuple):
        raise UnsupportedOp("RESHAPE without a shape is not evaluated here")
    return list(shape)


def _squeeze(call: Call) -> Array:
    axes = call.operator.options["squeeze_dims"]
    return np.squeeze(call.value(0), axis=axes if isinstance(axes, tuple) and axes else None)


def _expand_dims(call: Call) -> Array:
    return np.expand_dims(call.value(0), call.integer(1))


def _transpose(call: Call) -> Array:
    return np.transpose(call.value(0), call.integers(1))


def _concatenation(call: Call) -> Array:
    parts = [call.value(position) for position in range(len(call.values))]
    return call.activated(np.concatenate(parts, axis=call.option("axis")))


def _pack(call: Call) -> Array:
    return np.stack([call.value(position) for position in range(len(call.values))], axis=call.option("axis"))


def _unpack(call: Call) -> Sequence[Array]:
    value, axis = call.value(0), call.option("axis")
    return [np.take(value, index, axis=axis) for index in range(value.shape[axis])]


def _split(call: Call) -> Sequence[Array]:
    return np.split(call.value(1), call.option("num_splits"), axis=call.integer(0))


def _split_v(call: Call) -> Sequence[Array]:
    value, sizes, axis = call.value(0), call.integers(1), call.integer(2)
    if -1 in sizes:
        sizes[sizes.index(-1)] = value.shape[axis] - sum(size for size in sizes if size >= 0)
    return np.split(value, np.cumsum(sizes)[:-1], axis=axis)


def _slice(call: Call) -> Array:
    begins, sizes = call.integers(1), call.integers(2)
    return call.value(0)[
        tuple(slice(begin, None if size == -1 else begin + size) for begin, size in zip(begins, sizes, strict=True))
    ]


def _strided_slice(call: Call) -> Array:
    bounds = zip(call.integers(1), call.integers(2), call.integers(3), strict=True)
    part: Array = call.value(0)[tuple(_part(call, 1 << axis, *bound) for axis, bound in enumerate(bounds))]
    return part


def _part(call: Call, bit: int, begin: int, end: int, stride: int) -> Any:
    """Return the index of one axis of a strided slice; `bit` is the axis in the masks."""
    if call.option("ellipsis_mask") & bit:
        return Ellipsis
    if call.option("new_axis_mask") & bit:
        return None
    if call.option("shrink_axis_mask") & bit:
        return begin
    if call.option("offset"):
        end += begin
    first = None if call.option("begin_mask") & bit else begin
    return slice(first, None if call.option("end_mask") & bit else end, stride)


def _pad(call: Call) -> Array:
    filler = call.optional(2)
    widths = call.value(1).tolist()
    return np.pad(call.value(0), widths, constant_values=0 if filler is None else filler.item())


def _fill(call: Call) -> Array:
    return np.full(call.integers(0), call.value(1))


def _range(call: Call) -> Array:
    return np.arange(call.value(0).item(), call.value(1).item(), call.value(2).item())


def _one_hot(call: Call) -> Array:
    ids, depth = call.value(0), call.integer(1)
    hits = np.expand_dims(ids, -1) == np.arange(depth)
    axis = call.option("axis")
    return np.moveaxis(np.where(hits, call.value(2), call.value(3)), -1, axis)


KERNELS: dict[str, Kernel] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand_dims,
    "TRANSPOSE": _transpose,
    "CONCATENATION": _concatenation,
    "PACK": _pack,
    "UNPACK": _unpack,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "PAD": _pad,
    "PADV2": _pad,
    "FILL": _fill,
    "RANGE": _range,
    "ONE_HOT": _one_hot,
    "TILE": lambda call: np.tile(call.value(0), call.integers(1)),
    "BROADCAST_TO": lambda call: np.broadcast_to(call.value(0), call.integers(1)),
    "REVERSE_V2": lambda call: np.flip(call.value(0), tuple(call.integers(1))),
    "SHAPE": lambda call: np.array(call.value(0).shape),
    "RANK": lambda call: np.array(call.value(0).ndim),
    "BROADCAST_ARGS": lambda call: np.array(np.broadcast_shapes(call.integers(0), call.integers(1))),
}
