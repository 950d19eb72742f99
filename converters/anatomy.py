"""What a .tflite file is made of and what it asks of a runtime: bytes per tensor, operators."""

from collections import Counter
from dataclasses import dataclass, field
from math import isfinite

from converters.graph import Subgraph, Tensor
from converters.op_versions import oldest_runtime
from converters.signature_limits import LOOKUPS, carried
from converters.tflite_file import TfliteFile

_PRODUCTS = {"FULLY_CONNECTED", "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D"}
_KINDS = ("table", "dense", "other")


@dataclass(frozen=True, slots=True)
class Scales:
    """How a tensor is quantized: how many scales, the least and the greatest finite one of them and of the zero points.

    Scales in blocks lie in a tensor of their own; of them only the number is told.
    """

    count: int
    blockwise: bool
    least: float | None
    greatest: float | None
    zero_points: tuple[int, int]


@dataclass(frozen=True, slots=True)
class TensorSize:
    """One stored constant: its bytes, once however many tensors share them.

    `span` is where they begin and end in the file; where two tensors overlap, `bytes` of the later one are those that
    only it has. `kind` is "table" when a lookup reads it, "dense" when a matrix product does, otherwise "other",
    looking through casts and changes of shape; the scales of blocks are of the kind of what they scale. A tensor
    without a name is called by its index and is not `named`. `place` is the first tensor that holds it: subgraph and
    index. `overhead_bytes` are its scales and zero points, which lie outside `bytes`. `ops` are the operators that read
    it themselves. `sparse` is one whose zeros are not stored.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    span: tuple[int, int]
    overhead_bytes: int
    kind: str
    ops: tuple[str, ...]
    named: bool
    place: tuple[int, int]
    scales: Scales | None
    sparse: bool


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A file's stored tensors, largest first, and its operators by (name, version) with how often each occurs.

    `graph_bytes` is all that is not a tensor's data; `file_bytes` is the sum of both. `oldest_runtime` is None when an
    operator code, used or not, is custom or unknown, "" when there is none.
    """

    tensors: tuple[TensorSize, ...]
    ops: Counter[tuple[str, int]]
    file_bytes: int
    graph_bytes: int
    flex: tuple[str, ...]
    custom: tuple[str, ...]
    oldest_runtime: str | None


def anatomy(file: TfliteFile) -> Anatomy:
    """Return the sizes and operators of `file`."""
    custom = sorted({code.name for code in file.operator_codes if code.custom})
    return Anatomy(
        tensors=_tensor_sizes(file),
        ops=Counter((each.name, each.version) for graph in file.subgraphs for each in graph.operators),
        file_bytes=len(file.data),
        graph_bytes=len(file.data) - _stored_bytes(file),
        flex=tuple(name for name in custom if name.startswith("Flex")),
        custom=tuple(name for name in custom if not name.startswith("Flex")),
        oldest_runtime=None if custom else oldest_runtime((code.name, code.version) for code in file.operator_codes),
    )


def _stored_bytes(file: TfliteFile) -> int:
    """Return how many bytes of the file some tensor's data takes, overlaps counted once."""
    used = {tensor.buffer for graph in file.subgraphs for tensor in graph.tensors}
    total = reached = 0
    for start, end in sorted(file.spans[buffer] for buffer in used):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _tensor_sizes(file: TfliteFile) -> tuple[TensorSize, ...]:
    holders: dict[tuple[int, int], list[_Holder]] = {}
    for number, graph in enumerate(file.subgraphs):
        readings = _readings(graph)
        for tensor in graph.tensors:
            start, end = file.spans[tensor.buffer]
            if start < end:
                held = _Holder(number, graph, tensor, readings.get(tensor.index, _Reading()))
                holders.setdefault((start, end), []).append(held)
    sizes = []
    reached = 0
    for span in sorted(holders):
        sizes.append(_size(span, holders[span], max(0, span[1] - max(span[0], reached))))
        reached = max(reached, span[1])
    return tuple(sorted(sizes, key=lambda size: (-size.bytes, size.name)))


@dataclass(frozen=True, slots=True)
class _Holder:
    """A tensor that holds stored bytes: where it is, and how it is read."""

    subgraph: int
    graph: Subgraph
    tensor: Tensor
    reading: "_Reading"


def _size(span: tuple[int, int], holders: list[_Holder], own_bytes: int) -> TensorSize:
    first = holders[0].tensor
    kinds = {kind for one in holders for kind in one.reading.kinds}
    return TensorSize(
        name=first.name or f"tensor {first.index}",
        dtype=first.dtype,
        shape=first.shape,
        bytes=own_bytes,
        span=span,
        overhead_bytes=sum(one.tensor.quantization.stored_bytes for one in holders if one.tensor.quantization),
        kind=next(kind for kind in _KINDS if kind in kinds or kind == "other"),
        ops=tuple(sorted({name for one in holders for name in one.reading.ops})),
        named=bool(first.name),
        place=(holders[0].subgraph, first.index),
        scales=_scales(first, holders[0].graph),
        sparse=first.sparse,
    )


def _scales(tensor: Tensor, graph: Subgraph) -> Scales | None:
    found = tensor.quantization
    if found is None:
        return None
    if found.blockwise:
        return Scales(graph.tensors[found.scale_tensor].elements, True, None, None, (0, 0))
    zeros = min(found.zero_points), max(found.zero_points)
    finite = [scale for scale in found.scales if isfinite(scale)]
    return Scales(len(found.scales), False, min(finite, default=None), max(finite, default=None), zeros)


@dataclass(slots=True)
class _Reading:
    """Which operators read a tensor, and what its numbers are used for, also behind casts and changes of shape."""

    ops: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)


def _readings(graph: Subgraph) -> dict[int, _Reading]:
    """Return how each tensor is read; operators run in order, so that one pass from the last to the first is enough."""
    readings: dict[int, _Reading] = {}
    for operator in reversed(graph.operators):
        for position, index in enumerate(operator.inputs):
            reading = readings.setdefault(index, _Reading())
            reading.ops.add(operator.name)
            if operator.name in LOOKUPS and position == LOOKUPS[operator.name][0]:
                reading.kinds.add("table")
            elif operator.name in _PRODUCTS and position <= 1:
                reading.kinds.add("dense")
        for made in carried(operator):
            if made in readings:
                readings[operator.inputs[0]].kinds |= readings[made].kinds
    for tensor in graph.tensors:
        if tensor.quantization is not None and tensor.quantization.blockwise and tensor.index in readings:
            scales = readings.setdefault(tensor.quantization.scale_tensor, _Reading())
            scales.kinds |= readings[tensor.index].kinds
    return readings
