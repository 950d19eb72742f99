"""The parts of a .tflite graph as plain values: tensors, operators, subgraphs, signatures."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from converters.schema import TYPE_BITS

Option: TypeAlias = int | float | bool | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Quantization:
    """How integers stand for real numbers: real = scale * (integer - zero point), per tensor or per index of `axis`.

    `zero_points` has one entry for each of `scales`. `blockwise` says that the scales lie in another tensor,
    `scale_tensor`, one a block of the last axis; then `scales` is empty. `stored_bytes` counts the scales, zero points,
    minima and maxima in the file.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    blockwise: bool = False
    scale_tensor: int = -1
    stored_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a subgraph; `buffer` 0 holds nothing, and `dtype` is the schema's name, such as "INT8".

    `shape_signature` has -1 for an axis that may be resized, and equals `shape` where the file has no signature.
    `sparse_blocks` are the sizes of the blocks that sparse storage keeps or leaves out whole, () for single numbers.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    dtype: str
    buffer: int
    quantization: Quantization | None
    sparse: bool
    variable: bool
    sparse_blocks: tuple[int, ...] = ()

    @property
    def elements(self) -> int:
        """Number of elements in `shape`."""
        return prod(self.shape)

    @property
    def dense_bytes(self) -> int | None:
        """Bytes that `shape` takes when stored densely (sub-byte types packed), None for types of no fixed size."""
        bits = TYPE_BITS.get(self.dtype)
        return None if bits is None else (self.elements * bits + 7) // 8


@dataclass(frozen=True, slots=True)
class OperatorCode:
    """An operator and the version of its semantics; `name` is the builtin's, or the custom code."""

    name: str
    version: int
    custom: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """One step of a subgraph: `inputs` and `outputs` are tensor indices, -1 for an optional one that is left out."""

    name: str
    custom: bool
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Option]


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Tensors, and the operators in the order in which they run."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A named entry: which tensor of which subgraph each named input and output is."""

    key: str
    subgraph: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
