"""The numbers that a .tflite file stores, as NumPy arrays: as they are, or as the real numbers that they stand for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import TfliteError, UnsupportedOp
from converters.graph import Tensor
from converters.tflite_file import TfliteFile

_DTYPES = {
    "FLOAT32": "<f4",
    "FLOAT16": "<f2",
    "FLOAT64": "<f8",
    "INT64": "<i8",
    "INT32": "<i4",
    "INT16": "<i2",
    "INT8": "i1",
    "UINT64": "<u8",
    "UINT32": "<u4",
    "UINT16": "<u2",
    "UINT8": "u1",
    "BOOL": "?",
}
_PACKED = {"INT4": (4, True), "UINT4": (4, False), "INT2": (2, True)}  # bits, signed; the first element in the low bits


def raw(file: TfliteFile, tensor: Tensor) -> NDArray[Any]:
    """Return the stored numbers of a constant in the tensor's shape; read-only and uncopied where the type allows it.

    Types below a byte come out as int8 or uint8, BFLOAT16 as float32. Raises `TfliteError` for a tensor without data,
    `UnsupportedOp` for sparse storage, strings and other types that NumPy has not.
    """
    data = file.constant(tensor)
    if not len(data) and tensor.elements:
        raise TfliteError(f"{file.name}: tensor {tensor.name!r} holds no data: it is computed when the model runs")
    if tensor.sparse:
        raise UnsupportedOp(f"{file.name}: tensor {tensor.name!r} is stored sparse, which is not read here")
    if tensor.dtype in _PACKED:
        return _unpacked(data, tensor)
    if tensor.dtype == "BFLOAT16":
        wide = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return wide.view(np.float32).reshape(tensor.shape)
    if tensor.dtype not in _DTYPES:
        raise UnsupportedOp(f"{file.name}: tensor {tensor.name!r} is of type {tensor.dtype}, which is not read here")
    return np.frombuffer(data, _DTYPES[tensor.dtype]).reshape(tensor.shape)


def _unpacked(data: memoryview, tensor: Tensor) -> NDArray[Any]:
    bits, signed = _PACKED[tensor.dtype]
    packed = np.frombuffer(data, np.uint8)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    flat: NDArray[Any] = ((packed[:, None] >> shifts) & (2**bits - 1)).reshape(-1)
    values = flat[: tensor.elements].reshape(tensor.shape)
    sign = 2 ** (bits - 1)
    return ((values ^ sign).astype(np.int8) - sign).astype(np.int8) if signed else values


def steps(tensor: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return scale and zero point of a quantized tensor, shaped to broadcast over an array of the tensor's rank."""
    quantization = tensor.quantization
    if quantization is None or not quantization.scales:
        raise UnsupportedOp(f"tensor {tensor.name!r} has scales in blocks, or none, which is not read here")
    shape = [1] * len(tensor.shape)
    if len(quantization.scales) > 1:
        shape[quantization.axis] = -1
    scale = np.array(quantization.scales, np.float32).reshape(shape)
    return scale, np.array(quantization.zero_points, np.float32).reshape(shape)


def decode(file: TfliteFile, tensor: Tensor, *, short_scales: bool = False) -> NDArray[np.float32]:
    """Return the real numbers of a constant in float32: scale * (stored - zero point) where it is quantized.

    With `short_scales` the scales of blocks are rounded to bfloat16 first, halves to even.
    """
    stored = raw(file, tensor)
    if tensor.quantization is None:
        return stored.astype(np.float32)
    if tensor.quantization.blockwise:
        scales = _block_scales(file, tensor, tensor.quantization.scale_tensor)
        return stored * (_to_bfloat16(scales) if short_scales else scales)
    scale, zero_point = steps(tensor)
    with np.errstate(all="ignore"):
        return ((stored.astype(np.float32) - zero_point) * scale).astype(np.float32)


def _block_scales(file: TfliteFile, tensor: Tensor, index: int) -> NDArray[np.float32]:
    """Return the scale of every element of a tensor [..., columns], whose scales [..., blocks] are tensor `index`."""
    graph = next(graph for graph in file.subgraphs if any(one is tensor for one in graph.tensors))
    scales = raw(file, graph.tensors[index]).astype(np.float32)
    blocks = scales.shape[-1] if scales.ndim else 0
    if scales.shape[:-1] != tensor.shape[:-1] or not blocks or tensor.shape[-1] % blocks:
        raise UnsupportedOp(
            f"tensor {tensor.name!r} {list(tensor.shape)} has scales {list(scales.shape)}, which is not read here"
        )
    return np.repeat(scales, tensor.shape[-1] // blocks, axis=-1)


def _to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return finite `values` with the 8 significant bits of bfloat16, halves to even."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
