"""Operators that work on each element by itself."""

from collections.abc import Callable
from math import erf

import numpy as np

from converters.numpy_reference.call import Array, Call, Kernel
from converters.numpy_reference.grid import is_quantized, to_integers

_erf = np.frompyfunc(erf, 1, 1)


def _unary(function: Callable[[Array], Array]) -> Kernel:
    return lambda call: function(call.value(0))


def _binary(function: Callable[[Array, Array], Array]) -> Kernel:
    return lambda call: function(call.value(0), call.value(1))


def _fused(function: Callable[[Array, Array], Array]) -> Kernel:
    return lambda call: call.activated(function(call.value(0), call.value(1)))


def logistic(value: Array) -> Array:
    """Return 1 / (1 + exp(-value))."""
    positive: Array = 1 / (1 + np.exp(-value))
    return positive


def _divide(left: Array, right: Array) -> Array:
    if np.issubdtype(left.dtype, np.integer):
        return np.trunc(left / right)
    quotient: Array = left / right
    return quotient


def _gelu(call: Call) -> Array:
    value = call.value(0)
    if call.option("approximate"):
        inner = np.sqrt(2 / np.pi).astype(np.float32) * (value + np.float32(0.044715) * value**3)
        tail = np.tanh(inner)
    else:
        tail = np.asarray(_erf(value * np.float32(np.sqrt(0.5)))).astype(np.float32)
    shaped: Array = value * np.float32(0.5) * (1 + tail)
    return shaped


def _leaky_relu(call: Call) -> Array:
    value = call.value(0)
    return np.where(value >= 0, value, value * np.float32(call.fraction("alpha")))


def _prelu(call: Call) -> Array:
    value = call.value(0)
    return np.where(value >= 0, value, value * call.value(1))


def _cast(call: Call) -> Array:
    """Return the input as it is: a cast reads a quantized tensor's integers, and `run` gives the output its type."""
    tensor = call.inputs[0]
    if tensor is not None and is_quantized(tensor):
        return to_integers(tensor, call.value(0))
    return call.value(0)


def _select(call: Call) -> Array:
    condition, chosen, other = call.value(0), call.value(1), call.value(2)
    if call.operator.name == "SELECT" and condition.ndim == 1:
        condition = condition.reshape(-1, *(1,) * (chosen.ndim - 1))
    return np.where(condition, chosen, other)


def _add_n(call: Call) -> Array:
    total = call.value(0)
    for position in range(1, len(call.values)):
        total = total + call.value(position)
    return total


KERNELS: dict[str, Kernel] = {
    "ADD": _fused(np.add),
    "SUB": _fused(np.subtract),
    "MUL": _fused(np.multiply),
    "DIV": _fused(_divide),
    "ADD_N": _add_n,
    "MAXIMUM": _binary(np.maximum),
    "MINIMUM": _binary(np.minimum),
    "POW": _binary(np.power),
    "FLOOR_DIV": _binary(np.floor_divide),
    "FLOOR_MOD": _binary(np.mod),
    "SQUARED_DIFFERENCE": _binary(lambda left, right: np.square(left - right)),
    "EQUAL": _binary(np.equal),
    "NOT_EQUAL": _binary(np.not_equal),
    "LESS": _binary(np.less),
    "LESS_EQUAL": _binary(np.less_equal),
    "GREATER": _binary(np.greater),
    "GREATER_EQUAL": _binary(np.greater_equal),
    "LOGICAL_AND": _binary(np.logical_and),
    "LOGICAL_OR": _binary(np.logical_or),
    "LOGICAL_NOT": _unary(np.logical_not),
    "ABS": _unary(np.abs),
    "CEIL": _unary(np.ceil),
    "COS": _unary(np.cos),
    "ELU": _unary(lambda value: np.where(value >= 0, value, np.expm1(value))),
    "EXP": _unary(np.exp),
    "FLOOR": _unary(np.floor),
    "GELU": _gelu,
    "HARD_SWISH": _unary(lambda value: value * np.clip(value + 3, 0, 6) / 6),
    "LEAKY_RELU": _leaky_relu,
    "LOG": _unary(np.log),
    "LOGISTIC": _unary(logistic),
    "NEG": _unary(np.negative),
    "PRELU": _prelu,
    "RELU": _unary(lambda value: np.maximum(value, 0)),
    "RELU6": _unary(lambda value: np.clip(value, 0, 6)),
    "RELU_0_TO_1": _unary(lambda value: np.clip(value, 0, 1)),
    "RELU_N1_TO_1": _unary(lambda value: np.clip(value, -1, 1)),
    "ROUND": _unary(np.round),
    "RSQRT": _unary(lambda value: 1 / np.sqrt(value)),
    "SIGN": _unary(np.sign),
    "SIN": _unary(np.sin),
    "SQRT": _unary(np.sqrt),
    "SQUARE": _unary(np.square),
    "TANH": _unary(np.tanh),
    "ZEROS_LIKE": _unary(np.zeros_like),
    "CAST": _cast,
    "DEQUANTIZE": _unary(lambda value: value),  # quantized values are held as the real numbers they stand for
    "QUANTIZE": _unary(lambda value: value),  # run moves every quantized output to its grid
    "SELECT": _select,
    "SELECT_V2": _select,
}
