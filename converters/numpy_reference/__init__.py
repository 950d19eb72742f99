"""Evaluates a .tflite graph in NumPy, so that expected outputs come from somewhere else than the runtime they test.

What is modelled: float32 arithmetic; weights dequantized from what the file stores; quantized activations, each moved
to its tensor's grid after every operator (rounded half away from zero, saturated), with real arithmetic in between
where a runtime multiplies integers by a fixed-point number; hybrid products (float inputs, integer weights), which
round each row of their input to 8 bits first, and where weights have scales in blocks those scales to bfloat16, as
XNNPACK does, which computes such products unless it is switched off. What is not: the order in which a kernel sums,
fixed-point rounding of intermediate results, table lookups for functions, and other rules of delegates, such as where
XNNPACK puts a number that lies halfway between two of a row's 256. So float32 and hybrid products agree to rounding,
and integer graphs to about the step of their scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from converters.errors import ConverterError, UnsupportedOp
from converters.graph import Operator, Signature, Subgraph, Tensor
from converters.numpy_reference import elementwise, products, reductions, shaping
from converters.numpy_reference.call import Array, Call, Kernel
from converters.numpy_reference.grid import is_quantized, snapped, to_integers, to_reals
from converters.tflite_file import TfliteFile
from converters.values import decode, raw

__all__ = ["run", "unsupported_ops"]

_KERNELS: dict[str, Kernel] = {**elementwise.KERNELS, **products.KERNELS, **reductions.KERNELS, **shaping.KERNELS}
# What NumPy and Python raise when a graph asks for the impossible.
_EVALUATION_ERRORS = (ArithmeticError, IndexError, KeyError, MemoryError, TypeError, ValueError)
_NUMPY: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    **{f"FLOAT{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    **{f"INT{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
}


@dataclass(frozen=True, slots=True)
class _Pass:
    """One evaluation: the graph, the number of rows of its inputs, and the name of the runtime that is followed."""

    file: TfliteFile
    graph: Subgraph
    batch: int
    runtime: str


def unsupported_ops(file: TfliteFile) -> tuple[str, ...]:
    """Return the names of the operators in `file` that `run` does not evaluate, sorted."""
    operators = (operator for graph in file.subgraphs for operator in graph.operators)
    return tuple(sorted({operator.name for operator in operators if not _is_known(operator)}))


def _is_known(operator: Operator) -> bool:
    return operator.name in _KERNELS and not operator.custom


def run(
    file: TfliteFile,
    inputs: Mapping[str, Array],
    signature: str = "serving_default",
    *,
    runtime: str = "",
    constants: Mapping[int, Array] = MappingProxyType({}),
) -> dict[str, Array]:
    """Return the outputs of `signature` by name, each with the rows that the inputs have and of the tensor's own type.

    Every input is an array [rows, ...] of the type that a runtime would take. `runtime`, a pin such as
    tflite-runtime==2.14.0, is followed where runtimes round differently, LiteRT when it is left out. `constants`, by
    tensor, stand in place of those that the file stores. Raises `UnsupportedOp` naming an operator that is not
    evaluated here, and `ConverterError` for inputs that do not fit, ids outside a table included.
    """
    entry = _entry(file, signature)
    graph = file.subgraphs[entry.subgraph]
    for operator in graph.operators:
        if not _is_known(operator):
            raise UnsupportedOp(f"{file.name}: the operator {operator.name} is not evaluated here")
    values, batch = _given(file, graph, entry, inputs)
    values.update(constants)
    with np.errstate(all="ignore"):
        _evaluate(_Pass(file, graph, batch, runtime.partition("==")[0]), values, set(entry.outputs.values()))
    missing = [name for name, index in entry.outputs.items() if index not in values]
    if missing:
        raise ConverterError(f"{file.name}: the output {missing[0]!r} of {signature!r} is computed by no operator")
    return {name: _outgoing(graph.tensors[index], values[index]) for name, index in entry.outputs.items()}


def _entry(file: TfliteFile, key: str) -> Signature:
    for signature in file.signatures:
        if signature.key == key:
            return signature
    keys = ", ".join(repr(signature.key) for signature in file.signatures) or "none"
    raise ConverterError(f"{file.name}: got the signature {key!r}, expected one of the file's: {keys}")


def _given(
    file: TfliteFile, graph: Subgraph, entry: Signature, inputs: Mapping[str, Array]
) -> tuple[dict[int, Array], int]:
    if set(inputs) != set(entry.inputs):
        raise ConverterError(f"{file.name}: got the inputs {sorted(inputs)}, expected {sorted(entry.inputs)}")
    values: dict[int, Array] = {}
    batch = 1
    for name, index in entry.inputs.items():
        tensor, value = graph.tensors[index], np.asarray(inputs[name])
        expected = ["rows" if axis == 0 else size for axis, size in enumerate(tensor.shape_signature)]
        if value.ndim != len(expected) or any(
            size not in (-1, value.shape[axis]) for axis, size in enumerate(tensor.shape_signature) if axis
        ):
            raise ConverterError(f"{file.name}: input {name!r}: got the shape {list(value.shape)}, expected {expected}")
        batch = value.shape[0] if value.ndim else batch
        values[index] = to_reals(tensor, value) if is_quantized(tensor) else _typed(tensor, value)
    return values, batch


def _outgoing(tensor: Tensor, value: Array) -> Array:
    return to_integers(tensor, value) if is_quantized(tensor) else value


def _typed(tensor: Tensor, value: Array) -> Array:
    if tensor.dtype not in _NUMPY:
        raise UnsupportedOp(f"tensor {tensor.name!r} is of type {tensor.dtype}, which is not evaluated here")
    return value.astype(_NUMPY[tensor.dtype], copy=False)


def _evaluate(one: _Pass, values: dict[int, Array], kept: set[int]) -> None:
    """Run the operators in their order and leave what they make in `values`, dropping what nothing reads any more."""
    operators = one.graph.operators
    last_use = {index: step for step, operator in enumerate(operators) for index in operator.inputs}
    for step, operator in enumerate(operators):
        call = _call(one, operator, values)
        try:
            results = _KERNELS[operator.name](call)
        except _EVALUATION_ERRORS as error:
            what = f"{one.file.name}: operator {step} ({operator.name}) cannot be evaluated on its inputs"
            raise ConverterError(f"{what}: {error}") from error
        made = results if isinstance(results, list | tuple) else (results,)
        for tensor, value in zip(call.outputs, made, strict=False):
            values[tensor.index] = (
                snapped(tensor, np.asarray(value)) if is_quantized(tensor) else _typed(tensor, np.asarray(value))
            )
        for index in operator.inputs:
            if last_use[index] == step and index not in kept:
                values.pop(index, None)


def _call(one: _Pass, operator: Operator, values: dict[int, Array]) -> Call:
    tensors = one.graph.tensors
    for index in operator.inputs:
        if index >= 0 and index not in values:
            values[index] = _constant(one.file, tensors[index])
    return Call(
        operator=operator,
        values=tuple(_as_read(one, operator, values, index) for index in operator.inputs),
        inputs=tuple(tensors[index] if index >= 0 else None for index in operator.inputs),
        outputs=tuple(tensors[index] for index in operator.outputs if index >= 0),
        batch=one.batch,
        runtime=one.runtime,
    )


def _as_read(one: _Pass, operator: Operator, values: Mapping[int, Array], index: int) -> Array | None:
    """Return an input as its operator reads it: scales of blocks are cut short for a product and not for a lookup."""
    if index < 0:
        return None
    quantization = one.graph.tensors[index].quantization
    if operator.name == "FULLY_CONNECTED" and quantization is not None and quantization.blockwise:
        return decode(one.file, one.graph.tensors[index], short_scales=True)
    return values[index]


def _constant(file: TfliteFile, tensor: Tensor) -> Array:
    return raw(file, tensor) if tensor.quantization is None else decode(file, tensor)
