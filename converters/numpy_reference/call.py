"""One operator about to be evaluated: its values, its tensors, its options."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converters.errors import UnsupportedOp
from converters.graph import Operator, Tensor
from converters.schema import ACTIVATIONS

Array: TypeAlias = NDArray[Any]
Kernel: TypeAlias = Callable[["Call"], "Array | Sequence[Array]"]


@dataclass(frozen=True, slots=True)
class Call:
    """An operator with the arrays it reads; an optional input that is left out is None, and so is its tensor.

    Quantized inputs come as the real numbers that they stand for. `batch` is the number of rows of the model's inputs,
    `runtime` the name of the runtime whose kernels are followed where they differ.
    """

    operator: Operator
    values: tuple[Array | None, ...]
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    batch: int
    runtime: str

    def value(self, position: int) -> Array:
        """Return the array of the input at `position`; raise `UnsupportedOp` when it is left out."""
        value = self.optional(position)
        if value is None:
            raise UnsupportedOp(f"{self.operator.name} without its input {position} is not evaluated here")
        return value

    def optional(self, position: int) -> Array | None:
        """Return the array of the input at `position`, None when it is left out."""
        return self.values[position] if position < len(self.values) else None

    def integers(self, position: int) -> list[int]:
        """Return the input at `position`, a scalar or a vector such as a shape, as a list."""
        return [int(value) for value in self.value(position).reshape(-1)]

    def integer(self, position: int) -> int:
        """Return the input at `position`, one number, such as an axis."""
        (value,) = self.integers(position)
        return value

    def dtype(self, position: int) -> str:
        """Return the type name of the input at `position`, "" when it is left out."""
        tensor = self.inputs[position] if position < len(self.inputs) else None
        return "" if tensor is None else tensor.dtype

    def option(self, name: str) -> int:
        """Return an integer option, or one that is a flag as 0 or 1."""
        value = self.operator.options[name]
        if isinstance(value, tuple):
            raise UnsupportedOp(f"{self.operator.name} with a list for {name} is not evaluated here")
        return int(value)

    def fraction(self, name: str) -> float:
        """Return a real-valued option."""
        value = self.operator.options[name]
        return float(value) if isinstance(value, float) else 0.0

    def activated(self, value: Array) -> Array:
        """Return `value` after the activation that is fused into the operator."""
        name = ACTIVATIONS[self.option("fused_activation_function")]
        if name not in _FUSED:
            raise UnsupportedOp(f"{self.operator.name} with the activation {name} is not evaluated here")
        return _FUSED[name](value)


_FUSED: dict[str, Callable[[Array], Array]] = {
    "NONE": lambda value: value,
    "RELU": lambda value: np.maximum(value, 0),
    "RELU_N1_TO_1": lambda value: np.clip(value, -1, 1),
    "RELU6": lambda value: np.clip(value, 0, 6),
    "TANH": np.tanh,
}
