"""Operators that reduce or order along an axis."""

from collections.abc import Callable

import numpy as np

from converters.numpy_reference.call import Array, Call, Kernel


def _reduced(function: Callable[..., Array]) -> Kernel:
    def kernel(call: Call) -> Array:
        axes = tuple(call.integers(1))
        return np.asarray(function(call.value(0), axis=axes, keepdims=bool(call.option("keep_dims"))))

    return kernel


def _arg_max(call: Call) -> Array:
    return np.asarray(np.argmax(call.value(0), axis=call.integer(1)))


def _arg_min(call: Call) -> Array:
    return np.asarray(np.argmin(call.value(0), axis=call.integer(1)))


def _top_k(call: Call) -> tuple[Array, Array]:
    """Return the k greatest along the last axis and where they are, equal ones by lower index."""
    value, k = call.value(0), call.integer(1)
    order = np.argsort(-value, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(value, order, axis=-1), order


def _cumsum(call: Call) -> Array:
    value, axis = call.value(0), call.integer(1)
    if call.option("reverse"):
        value = np.flip(value, axis)
    total = np.cumsum(value, axis=axis, dtype=value.dtype)
    if call.option("exclusive"):
        total = total - value
    return np.flip(total, axis) if call.option("reverse") else total


KERNELS: dict[str, Kernel] = {
    "MEAN": _reduced(np.mean),
    "SUM": _reduced(np.sum),
    "REDUCE_MAX": _reduced(np.max),
    "REDUCE_MIN": _reduced(np.min),
    "REDUCE_PROD": _reduced(np.prod),
    "REDUCE_ANY": _reduced(np.any),
    "REDUCE_ALL": _reduced(np.all),
    "ARG_MAX": _arg_max,
    "ARG_MIN": _arg_min,
    "TOPK_V2": _top_k,
    "CUMSUM": _cumsum,
}
