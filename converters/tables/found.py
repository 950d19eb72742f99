"""The tables of a float32 .tflite: what it looks up in, and what it scores a catalogue with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter

LOOKUP, SCORES = "lookup", "scores"

# What may stand between the product with a table and the scores that leave the graph.
_AFTER_SCORES = {"ADD", "CAST", "LOGISTIC", "LOG_SOFTMAX", "MUL", "RESHAPE", "SOFTMAX", "SQUEEZE", "SUB", "TANH"}
_LEAST_ROWS = 2  # a dense layer of one unit makes one score, from nothing that is a row of anything


@dataclass(frozen=True, eq=False)
class Table:
    """A table in a model: its `values` float32 [rows, columns] and what for it is read, LOOKUP, SCORES or both.

    `tensors` are the indices of all constants that hold these values; `name` is the first one's.
    """

    name: str
    values: NDArray[np.float32]
    uses: frozenset[str]
    tensors: tuple[int, ...]


def find_tables(model: bytes) -> tuple[Table, ...]:
    """Return the tables of a .tflite in the order of their tensors; constants of equal values are one table.

    A table is a float32 constant [rows, columns] that GATHER takes rows of, or that is the weights of a
    FULLY_CONNECTED from which the graph's outputs come, with nothing but a bias and elementwise steps between.
    """
    return tables_in(GraphWriter(model))


def tables_in(writer: GraphWriter) -> tuple[Table, ...]:
    """Return the tables of a graph, as `find_tables` does."""
    outputs = _outputs(writer)
    uses: dict[int, set[str]] = {}
    for operator in writer.subgraph.operators:
        if is_lookup(writer, operator):
            uses.setdefault(int(operator.inputs[0]), set()).add(LOOKUP)
        elif is_product(writer, operator) and _leaves(writer, int(operator.outputs[0]), outputs):
            uses.setdefault(int(operator.inputs[1]), set()).add(SCORES)
    tensors: dict[tuple[bytes, tuple[int, ...]], list[int]] = {}
    for index in sorted(uses):
        tensors.setdefault((writer.values(index).tobytes(), writer.shape(index)), []).append(index)
    return tuple(
        Table(
            name=_name(writer, indices[0]),
            values=writer.values(indices[0]),
            uses=frozenset().union(*(uses[index] for index in indices)),
            tensors=tuple(indices),
        )
        for indices in tensors.values()
    )


def is_lookup(writer: GraphWriter, operator: Any) -> bool:
    """Return whether an operator takes rows of a stored float32 table."""
    if writer.name(operator) != "GATHER" or not _is_table(writer, int(operator.inputs[0])):
        return False
    return writer.option(operator, "axis") == writer.option(operator, "batch_dims") == 0


def is_product(writer: GraphWriter, operator: Any) -> bool:
    """Return whether an operator multiplies with a stored float32 table."""
    return writer.name(operator) == "FULLY_CONNECTED" and _is_table(writer, int(operator.inputs[1]))


def _is_table(writer: GraphWriter, index: int) -> bool:
    shape = writer.shape(index)
    is_float = writer.dtype(index) == "FLOAT32" and writer.is_constant(index)
    return is_float and len(shape) == 2 and shape[0] >= _LEAST_ROWS  # noqa: PLR2004


def _outputs(writer: GraphWriter) -> set[int]:
    signatures = writer.model.signatureDefs or ()
    named = {int(entry.tensorIndex) for signature in signatures for entry in signature.outputs}
    return named | {int(index) for index in writer.subgraph.outputs}


def _leaves(writer: GraphWriter, index: int, outputs: set[int]) -> bool:
    """Return whether the numbers of a tensor reach an output, elementwise."""
    if index in outputs:
        return True
    readers = [one for one in writer.readers(index) if writer.name(one) in _AFTER_SCORES]
    return any(_leaves(writer, int(one.outputs[0]), outputs) for one in readers)


def _name(writer: GraphWriter, index: int) -> str:
    name = writer.subgraph.tensors[index].name
    return name.decode("utf-8", "backslashreplace") if name else f"tensor {index}"
