"""The part of a model before its scores: what makes the vectors that a catalogue's table is multiplied with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.schema import ACTIVATIONS
from converters.tables.found import is_product

QUERIES = "queries"


@dataclass(frozen=True, eq=False)
class Queries:
    """A model that gives, under QUERIES, the float32 [batch, columns] which another model multiplies with a table.

    `table` is the tensor of that table in the other model, `bias` float32 [rows] what is added to the scores there.
    """

    model: bytes
    table: int
    bias: NDArray[np.float32] | None


def queries_of(model: bytes) -> Queries | None:
    """Return what makes the queries of a float32 .tflite; None where its one output is no product with a table."""
    writer = GraphWriter(model)
    outputs = {int(entry.tensorIndex) for each in writer.model.signatureDefs or () for entry in each.outputs}
    product = writer.source(next(iter(outputs))) if len(outputs) == 1 else None
    if product is None or not is_product(writer, product):
        return None
    bias = int(product.inputs[2]) if len(product.inputs) > 2 else -1  # noqa: PLR2004
    activation = ACTIVATIONS[writer.option(product, "fused_activation_function")]
    if activation != "NONE" or (bias >= 0 and not writer.is_constant(bias)):
        return None
    query, table = int(product.inputs[0]), int(product.inputs[1])
    added = writer.values(bias) if bias >= 0 else None
    writer.subgraph.operators = _before(writer, query)
    writer.subgraph.outputs = [query]
    for signature in writer.model.signatureDefs:
        for entry in signature.outputs:
            entry.name, entry.tensorIndex = QUERIES.encode(), query
    return Queries(writer.pack(), table, added)


def _before(writer: GraphWriter, index: int) -> list[Any]:
    """Return the operators that a tensor comes from, in the order of the graph."""
    wanted, kept = {index}, []
    for operator in reversed(writer.subgraph.operators):
        if wanted.intersection(map(int, operator.outputs)):
            wanted.update(map(int, operator.inputs))
            kept.append(operator)
    return kept[::-1]
