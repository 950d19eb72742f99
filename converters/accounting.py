"""Where every byte of a .tflite goes: tensors' data by the operator that reads it first, and what the rest is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from converters import schema
from converters.anatomy import TensorSize
from converters.flatbuffer import Flatbuffer, Table
from converters.graph import Operator, Subgraph
from converters.tflite_file import TfliteFile

Span = tuple[int, int]

_RANGES = ((4, "the minima", 4), (6, "the maxima", 4), (8, "the scales", 4), (10, "the zero points", 8))


@dataclass(frozen=True, slots=True)
class OperatorSize:
    """One operator, by subgraph and index, and the stored tensors that it is the first to read.

    `bytes` is the sum of theirs, so that the sum over operators counts each tensor once; `tensors` are their names. The
    scales of blocks go with what they scale.
    """

    subgraph: int
    index: int
    name: str
    version: int
    bytes: int
    tensors: tuple[str, ...]


def operator_sizes(file: TfliteFile, tensors: Iterable[TensorSize]) -> tuple[OperatorSize, ...]:
    """Return the operators that read stored tensors, in the order in which they run, given all stored tensors."""
    unread = {tensor.span: tensor for tensor in tensors}
    found = []
    for number, graph in enumerate(file.subgraphs):
        for index, operator in enumerate(graph.operators):
            spans = (file.spans[graph.tensors[each].buffer] for each in _read(graph, operator))
            taken = [unread.pop(span) for span in spans if span in unread]
            if taken:
                size = sum(one.bytes for one in taken)
                names = tuple(one.name for one in taken)
                found.append(OperatorSize(number, index, operator.name, operator.version, size, names))
    return tuple(found)


def _read(graph: Subgraph, operator: Operator) -> Iterator[int]:
    for index in operator.inputs:
        if index >= 0:
            yield index
            quantization = graph.tensors[index].quantization
            if quantization is not None and quantization.blockwise:
                yield quantization.scale_tensor


def graph_bytes_by_part(file: TfliteFile) -> dict[str, int]:
    """Return what is no tensor's data, to the byte: the values sum up to the anatomy's `graph_bytes`.

    "quantization" are scales, zero points and ranges; "names" are those that only people read: of tensors and graphs,
    and the description; "metadata" is the data of its entries, "unused" data that nothing refers to; "structure" is all
    else: tables, operators, shapes, signatures, padding. What is stored once for several counts once.
    """
    root = Flatbuffer(file.data, file.name).root(schema.IDENTIFIER)
    held = {tensor.buffer for graph in file.subgraphs for tensor in graph.tensors}
    noted = set(file.metadata.values())
    others = set(range(len(file.spans))) - held - noted
    quantization: list[Span] = []
    names = [root.span(10, "the description")]
    for graph in root.tables(8, "subgraph"):
        names.append(graph.span(12, "the name"))
        for tensor in graph.tables(4, "tensor"):
            names.append(tensor.span(10, "the name"))
            quantization.extend(_steps(tensor))
    covered = _merged(file.spans[each] for each in held)
    parts = {}
    for part, spans in (
        ("metadata", [file.spans[each] for each in noted]),
        ("unused", [file.spans[each] for each in others]),
        ("quantization", quantization),
        ("names", names),
        ("structure", [(0, len(file.data))]),
    ):
        before, covered = _total(covered), _merged((*covered, *spans))
        parts[part] = _total(covered) - before
    return parts


def between(file: TfliteFile, tensors: Iterable[TensorSize]) -> list[Span]:
    """Return, in order, the spans of the file that lie in none of the tensors."""
    edges = [0, *(edge for span in _merged(one.span for one in tensors) for edge in span), len(file.data)]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


def _steps(tensor: Table) -> Iterator[Span]:
    found = tensor.table(12, "the quantization")
    if found is not None:
        yield from (found.span(slot, what, size) for slot, what, size in _RANGES)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans without empty ones, in order, those that touch or overlap made one."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _total(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)
