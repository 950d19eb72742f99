"""Writes the schema's objects to a file: operators in an order that runs, and nothing that nobody reads."""

from typing import Any

import numpy as np

from converters.op_versions import oldest_runtime
from converters.schema import OPERATORS
from converters.written_once import builder_of, share

# The schema asks for buffers at multiples of 16 bytes: kernels read them where they lie, with wide loads.
_ALIGNMENT_BYTES = 16
_OPERATOR_FIELDS = ("inputs", "outputs", "intermediates")
CLAIM = b"min_runtime_version"


def packed(model: Any) -> bytes:
    """Return the file of a `ModelT` with one subgraph.

    Each operator follows what it reads and else keeps its place; operator codes, tensors and buffers that nothing
    refers to are left out and the others numbered anew; what is equal is written once; the oldest runtime that the
    converter claimed is the file's.
    """
    graph = model.subgraphs[0]
    graph.operators = _ordered(graph.operators)
    _drop_unused_codes(model, graph)
    _drop_unused_tensors(model, graph)
    _drop_unused_buffers(model, graph)
    _state_oldest_runtime(model)
    stored = sum(0 if one.data is None else len(one.data) for one in model.buffers)
    share(graph)
    builder = builder_of(stored + (1 << 16))
    model.buffers = [_Aligned(one) for one in model.buffers]
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


class _Aligned:
    """A buffer that packs itself where kernels can read it."""

    def __init__(self, buffer: Any) -> None:
        self.buffer = buffer

    def Pack(self, builder: Any) -> int:  # noqa: N802 - what the generated classes call
        if self.buffer.data is not None:
            builder.Prep(_ALIGNMENT_BYTES, len(self.buffer.data))
        return int(self.buffer.Pack(builder))


def _ordered(operators: list[Any]) -> list[Any]:
    sources = {int(index): one for one in operators for index in one.outputs}
    ordered: list[Any] = []
    done: set[int] = set()

    def visit(operator: Any) -> None:
        if id(operator) in done:
            return
        done.add(id(operator))
        for index in operator.inputs:
            if int(index) in sources:
                visit(sources[int(index)])
        ordered.append(operator)

    for operator in operators:
        visit(operator)
    return ordered


def _drop_unused_codes(model: Any, graph: Any) -> None:
    kept = sorted({operator.opcodeIndex for operator in graph.operators})
    for operator in graph.operators:
        operator.opcodeIndex = kept.index(operator.opcodeIndex)
    model.operatorCodes = [model.operatorCodes[index] for index in kept]


def _drop_unused_tensors(model: Any, graph: Any) -> None:
    entries = [one for each in model.signatureDefs or () for one in (*each.inputs, *each.outputs)]
    fields = [
        (holder, name)
        for holders, names in (((graph,), ("inputs", "outputs")), (graph.operators, _OPERATOR_FIELDS))
        for holder in holders
        for name in names
        if getattr(holder, name) is not None
    ]
    used = {int(index) for holder, name in fields for index in getattr(holder, name)} - {-1}
    used |= {int(entry.tensorIndex) for entry in entries}
    blocks = [one for one in map(_blocks, (graph.tensors[index] for index in used)) if one is not None]
    used |= {int(index) for one in blocks for index in (one.scales, one.zeroPoints)} - {-1}
    kept = sorted(used)
    new = {-1: -1, **{old: position for position, old in enumerate(kept)}}
    graph.tensors = [graph.tensors[index] for index in kept]
    for holder, name in fields:
        setattr(holder, name, np.array([new[int(index)] for index in getattr(holder, name)], np.int32))
    for entry in entries:
        entry.tensorIndex = new[entry.tensorIndex]
    for details in blocks:
        details.scales, details.zeroPoints = new[int(details.scales)], new[int(details.zeroPoints)]


def _blocks(tensor: Any) -> Any:
    """Return the details of blockwise quantization, which name another tensor, None where there are none."""
    quantization = tensor.quantization
    return None if quantization is None or not hasattr(quantization.details, "blockSize") else quantization.details


def _drop_unused_buffers(model: Any, graph: Any) -> None:
    holders = [*graph.tensors, *(model.metadata or ())]
    kept = sorted({0, *(holder.buffer for holder in holders)})
    for holder in holders:
        holder.buffer = kept.index(holder.buffer)
    model.buffers = [model.buffers[index] for index in kept]
    model.metadataBuffer = None  # indices of buffers in a field that `metadata` took the place of


def _state_oldest_runtime(model: Any) -> None:
    """Bring the converter's own claim up to date, in the zero-padded field that it keeps for it."""
    oldest = oldest_runtime((OPERATORS[code.builtinCode], code.version) for code in model.operatorCodes)
    for entry in model.metadata or ():
        if entry.name == CLAIM and oldest:
            field = model.buffers[entry.buffer].data
            model.buffers[entry.buffer].data = np.frombuffer(oldest.encode().ljust(len(field), b"\0"), np.uint8)
