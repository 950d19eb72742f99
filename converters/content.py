"""Did the model change? A hash over all that an interpreter computes with, and over nothing else.

In it: operators in their order with version and options; each tensor's type, shape, quantization, sparsity and data;
the inputs and outputs of graphs in order, those of signatures by name. Not in it: how the flatbuffer is laid out, the
order and numbers of buffers and tensors, whether equal data is stored once or twice, what nothing reads, options that
are written out though they are the default, names of tensors and graphs, the ranges that a converter notes beside
scales, description and metadata.
"""

import hashlib
import struct
from collections.abc import Mapping

from converters import schema
from converters.errors import TfliteError
from converters.flatbuffer import Flatbuffer, Table
from converters.graph import Operator, Quantization, Subgraph, Tensor
from converters.graph_tables import FIRST_OFFSET_OUTSIDE
from converters.option_fields import FIRST_OPTIONS, SECOND_OPTIONS, OptionField
from converters.tflite_file import TfliteFile

_FORM = b"edgerec content 1\n"
_INDEX_BYTES = {1: 4, 2: 2, 3: 1}  # SparseIndexVector: of one element of an Int32, Uint16 and Uint8 vector

Digests = Mapping[tuple[int, int], str]
"""SHA-256 of stored data by where it lies in the file."""


def data_digests(file: TfliteFile) -> dict[tuple[int, int], str]:
    """Return the SHA-256 of each stored tensor's bytes by their span, each read once.

    Raises `TfliteError` where tensors overlap so that together they are larger than the file: no writer does that.
    """
    spans = {file.spans[tensor.buffer] for graph in file.subgraphs for tensor in graph.tensors}
    if sum(end - start for start, end in spans) > len(file.data):
        raise TfliteError(f"{file.name}: not a TFLite file: its tensors overlap, expected each to lie by itself")
    return {(start, end): hashlib.sha256(file.data[start:end]).hexdigest() for start, end in spans if start < end}


def content_sha256(file: TfliteFile, digests: Digests) -> str:
    """Return the hash of what `file` computes, given `data_digests(file)`, as 64 hexadecimal digits."""
    root = Flatbuffer(file.data, file.name).root(schema.IDENTIFIER)
    total = hashlib.sha256(_FORM)
    graphs = [
        _Graph(file, graph, table, digests)
        for graph, table in zip(file.subgraphs, root.tables(8, "subgraph"), strict=True)
    ]
    for graph in graphs:
        graph.add_to(total)
    for signature in sorted(file.signatures, key=lambda one: one.key):
        ways = (signature.inputs, signature.outputs)
        label = graphs[signature.subgraph].label
        ports = [sorted((name.encode(), label(index)) for name, index in way.items()) for way in ways]
        _add(total, signature.key.encode(), signature.subgraph, ports)
    return total.hexdigest()


def _add(total: "hashlib._Hash", *what: object) -> None:
    total.update(repr(what).encode() + b"\n")


class _Graph:
    """One subgraph under canonical names: constants by what they hold, others numbered as they are first met."""

    def __init__(self, file: TfliteFile, graph: Subgraph, table: Table, digests: Digests) -> None:
        self._file, self._graph, self._digests = file, graph, digests
        self._operators = table.tables(10, "operator")
        self._tensors = tuple(table.tables(4, "tensor"))
        self._labels: dict[int, str] = {-1: "none"}
        self._met = 0

    def add_to(self, total: "hashlib._Hash") -> None:
        graph = self._graph
        _add(total, "graph", [self.label(index) for index in graph.inputs])
        for operator, table in zip(graph.operators, self._operators, strict=True):
            _add(total, operator.name.encode(), operator.custom, operator.version, *self._ports(operator, table))
            _add(total, _options(table, 10, FIRST_OPTIONS), _options(table, 26, SECOND_OPTIONS), *_custom(table))
        _add(total, [self.label(index) for index in graph.outputs])

    def label(self, index: int) -> str:
        """Return a tensor's canonical name; with it goes, the first time, all that is known of the tensor."""
        if index not in self._labels:
            tensor = self._graph.tensors[index]
            known = hashlib.sha256(repr(self._described(tensor)).encode()).hexdigest()
            if self._digest(tensor) is None:
                known += f" {self._met}"
                self._met += 1
            self._labels[index] = known
        return self._labels[index]

    def _ports(self, operator: Operator, table: Table) -> tuple[list[str], list[str], list[str], bytes]:
        inner = [index for index in table.integers(20, "the intermediates") if 0 <= index < len(self._tensors)]
        inputs, outputs, hidden = ([self.label(i) for i in each] for each in (operator.inputs, operator.outputs, inner))
        return inputs, outputs, hidden, _bytes(table, 18, "the mutating inputs").rstrip(b"\0")

    def _digest(self, tensor: Tensor) -> str | None:
        return self._digests.get(self._file.spans[tensor.buffer])

    def _described(self, tensor: Tensor) -> tuple[object, ...]:
        table = self._tensors[tensor.index]
        return (
            *self._held(tensor.index),
            tensor.shape_signature,
            tensor.variable,
            None if tensor.quantization is None else self._steps(tensor.quantization, table),
            _sparsity(table) if tensor.sparse else None,
        )

    def _held(self, index: int) -> tuple[object, ...]:
        if not 0 <= index < len(self._graph.tensors):
            return ()
        tensor = self._graph.tensors[index]
        return tensor.dtype, tensor.shape, self._digest(tensor)

    def _steps(self, quantization: Quantization, table: Table) -> tuple[object, ...]:
        if not quantization.blockwise:
            scales, zeros = quantization.scales, quantization.zero_points
            packed = struct.pack(f"<{len(scales)}f", *scales), struct.pack(f"<{len(zeros)}q", *zeros)
            axis = quantization.axis if len(scales) > 1 else 0
            return (axis, *(hashlib.sha256(each).hexdigest() for each in packed))
        found = table.table(12, "the quantization")
        details = None if found is None else found.table(14, "the details")
        if details is None:
            return ()
        scale, zero = details.integer(4, "i"), details.integer(6, "i")
        return self._held(scale), self._held(zero), details.integer(8, "i")


def _options(table: Table, slot: int, known: Mapping[int, tuple[OptionField, ...]]) -> object:
    """Return what an operator's options say beyond the defaults, None where that is nothing."""
    number, options = table.integer(slot, "B"), table.table(slot + 2, "the options")
    if options is None:
        return None
    said = [(field.slot, _option(options, field)) for field in known.get(number, ())]
    beyond = [(place, value) for place, value in said if value is not None]
    return (number, beyond) if beyond else None


def _option(options: Table, field: OptionField) -> object:
    if field.vector:
        return _bytes(options, field.slot, "an option", struct.calcsize(field.code)) or None
    value = options.number(field.slot, field.code, field.default)
    return None if value == field.default else value


def _custom(table: Table) -> tuple[bytes, str]:
    """Return an operator's custom options, and the hash of those that lie outside the flatbuffer."""
    start, size = table.integer(22, "Q"), table.integer(24, "Q")
    inside = _bytes(table, 14, "the custom options")
    if start < FIRST_OFFSET_OUTSIDE:
        return inside, ""
    table.buffer.pay(size, "the custom options")
    return inside, hashlib.sha256(table.buffer.data[start : start + size]).hexdigest()


def _sparsity(table: Table) -> object:
    found = table.table(16, "the sparsity")
    if found is None:
        return None
    axes = []
    for axis in found.tables(8, "axis"):
        stored = []
        for slot in (8, 12):
            kind, values = axis.integer(slot, "B"), axis.table(slot + 2, "the indices")
            stored.append((kind, b"" if values is None else _bytes(values, 4, "them", _INDEX_BYTES.get(kind, 1))))
        axes.append((axis.integer(4, "b"), axis.integer(6, "i"), stored))
    return found.integers(4, "the order"), found.integers(6, "the blocks"), axes


def _bytes(table: Table, slot: int, what: str, size: int = 1) -> bytes:
    start, end = table.span(slot, what, size)
    table.buffer.pay(end - start, what)
    return bytes(table.buffer.data[start:end])
