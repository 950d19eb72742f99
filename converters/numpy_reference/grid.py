"""Quantized activations: real numbers that lie on a tensor's grid of integers."""

import numpy as np

from converters.graph import Tensor
from converters.numpy_reference.call import Array
from converters.values import steps

_LIMITS = {"INT4": (-8, 7), "INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767)}
_STORED = {"INT4": np.int8, "INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16}


def is_quantized(tensor: Tensor) -> bool:
    """Return whether the tensor's integers stand for real numbers."""
    return tensor.dtype in _LIMITS and tensor.quantization is not None


def to_integers(tensor: Tensor, real: Array) -> Array:
    """Return the integers that stand for `real`: rounded, halves away from zero, and kept within the type's range."""
    scale, zero_point = steps(tensor)
    scaled = real / scale
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)) + zero_point
    return np.clip(rounded, *_LIMITS[tensor.dtype]).astype(_STORED[tensor.dtype])


def to_reals(tensor: Tensor, integers: Array) -> Array:
    """Return the real numbers that `integers` stand for, float32."""
    scale, zero_point = steps(tensor)
    reals: Array = (integers.astype(np.float32) - zero_point) * scale
    return reals


def snapped(tensor: Tensor, real: Array) -> Array:
    """Return `real` moved to the nearest numbers that the tensor can hold."""
    return to_reals(tensor, to_integers(tensor, real))
