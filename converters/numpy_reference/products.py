"""Matrix products and lookups: where a recommender's weights are."""

import numpy as np

from converters.errors import ConverterError, UnsupportedOp
from converters.numpy_reference.call import Array, Call, Kernel

_INTEGER_WEIGHTS = {"INT8", "UINT8", "INT4", "INT2"}
_SYMMETRIC_TOP = 127
_FOUR_BIT_UNITS, _FOUR_BIT_FEATURES = 4, 32
_LOWEST, _HIGHEST = -128, 127


def rounded_rows(rows: Array, *, asymmetric: bool) -> Array:
    """Return float `rows` [n, features] as a hybrid kernel sees them: each row rounded to 8 bits of its own range.

    Symmetric: a grid of 255 numbers around 0 up to the row's largest magnitude. Asymmetric: 256 numbers from the row's
    least to its greatest, 0 being one of them. Source of the rule: TensorFlow Lite's
    kernels/internal/reference/portable_tensor_utils.cc.
    """
    if not asymmetric:
        scale = np.abs(rows).max(axis=-1, keepdims=True, initial=0) / _SYMMETRIC_TOP
        safe = np.where(scale > 0, scale, 1)
        symmetric: Array = np.clip(_nearest(rows / safe), -_SYMMETRIC_TOP, _SYMMETRIC_TOP) * scale
        return symmetric
    least = rows.min(axis=-1, keepdims=True, initial=0)
    greatest = rows.max(axis=-1, keepdims=True, initial=0)
    scale = (greatest - least) / (_HIGHEST - _LOWEST)
    safe = np.where(scale > 0, scale, 1)
    zero_point = np.clip(_nearest(_LOWEST - least / safe), _LOWEST, _HIGHEST)
    rounded: Array = (np.clip(_nearest(rows / safe + zero_point), _LOWEST, _HIGHEST) - zero_point) * scale
    return rounded


def is_always_symmetric(dtype: str, units: int, features: int, runtime: str) -> bool:
    """Return whether `runtime`, a name such as tflite-runtime, rounds symmetrically whatever the operator asks for.

    It does where its kernel for 4 bit weights [units, features] serves: seen on tflite-runtime 2.14.0. LiteRT leaves
    these to XNNPACK. Source: TensorFlow Lite's kernels/fully_connected.cc and kernels/internal/optimized/4bit.
    """
    large = units >= _FOUR_BIT_UNITS and features >= _FOUR_BIT_FEATURES and features % 2 == 0
    return runtime == "tflite-runtime" and dtype == "INT4" and large


def _nearest(value: Array) -> Array:
    nearest: Array = np.trunc(value + np.copysign(np.float32(0.5), value))
    return nearest


def _is_hybrid(call: Call) -> bool:
    return call.dtype(0) == "FLOAT32" and call.dtype(1) in _INTEGER_WEIGHTS


def _fully_connected(call: Call) -> Array:
    value, weights, bias = call.value(0), call.value(1), call.optional(2)
    if call.option("weights_format"):
        raise UnsupportedOp("FULLY_CONNECTED with shuffled weights is not evaluated here")
    units, features = weights.shape
    rows = value.reshape(-1, features)
    if _is_hybrid(call):
        symmetric = is_always_symmetric(call.dtype(1), units, features, call.runtime)
        rows = rounded_rows(rows, asymmetric=bool(call.option("asymmetric_quantize_inputs")) and not symmetric)
    product = rows @ weights.T
    product = call.activated(product if bias is None else product + bias)
    return product.reshape(*value.shape[:-1], units) if call.option("keep_num_dims") else product


def _batch_matmul(call: Call) -> Array:
    left, right = call.value(0), call.value(1)
    if call.option("adj_x"):
        left = np.swapaxes(left, -1, -2)
    if call.option("adj_y"):
        right = np.swapaxes(right, -1, -2)
    if _is_hybrid(call):
        left = rounded_rows(left, asymmetric=bool(call.option("asymmetric_quantize_inputs")))
    product: Array = np.matmul(left, right)
    return product


def _softmax(call: Call) -> Array:
    value = call.value(0) * np.float32(call.fraction("beta"))
    powers = np.exp(value - value.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _log_softmax(call: Call) -> Array:
    value = call.value(0)
    value = value - value.max(axis=-1, keepdims=True)
    logarithms: Array = value - np.log(np.exp(value).sum(axis=-1, keepdims=True))
    return logarithms


def _l2_normalization(call: Call) -> Array:
    value = call.value(0)
    length = np.sqrt(np.square(value).sum(axis=-1, keepdims=True))
    return call.activated(value / np.maximum(length, np.float32(1e-6)))


def _gather(call: Call) -> Array:
    if call.option("batch_dims"):
        raise UnsupportedOp("GATHER with batch_dims is not evaluated here")
    return _taken(call, table=0, ids=1, axis=call.option("axis"))


def _embedding_lookup(call: Call) -> Array:
    return _taken(call, table=1, ids=0, axis=0)


def _taken(call: Call, *, table: int, ids: int, axis: int) -> Array:
    values, indices = call.value(table), call.value(ids)
    rows = values.shape[axis]
    outside = indices[(indices < 0) | (indices >= rows)]
    if outside.size:
        raise ConverterError(
            f"{call.operator.name}: got the id {int(outside.flat[0])}, expected ids from 0 to {rows - 1}"
        )
    return np.take(values, indices, axis=axis)


KERNELS: dict[str, Kernel] = {
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "SOFTMAX": _softmax,
    "LOG_SOFTMAX": _log_softmax,
    "L2_NORMALIZATION": _l2_normalization,
    "GATHER": _gather,
    "EMBEDDING_LOOKUP": _embedding_lookup,
}
