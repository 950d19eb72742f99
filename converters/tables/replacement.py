"""Puts coded tables into a float32 .tflite in place of the ones that the converter wrote."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConversionFailed
from converters.graph_writer import GraphWriter
from converters.schema import ACTIVATIONS
from converters.tables.coded import Coded, Floats
from converters.tables.found import is_lookup, is_product, tables_in
from converters.tables.operations import cast, combined, reshaped, widened


def replace_tables(model: bytes, tables: Mapping[int, Coded]) -> bytes:
    """Return the model with the operators of codecs in place of look-ups in, and products with, the tables.

    `tables` goes by the index of any of a table's tensors, as `find_tables` gives them; all tensors of that table
    are replaced, so that its arrays are stored once, under its name. Raises `ConversionFailed` for an index that is
    no table's, and for a codec of another shape.
    """
    writer = GraphWriter(model)
    by_tensor = _by_tensor(writer, tables)
    for operator in list(writer.subgraph.operators):
        before = len(writer.subgraph.tensors)
        if is_lookup(writer, operator) and int(operator.inputs[0]) in by_tensor:
            table = int(operator.inputs[0])
            made = _looked_up(writer, operator, by_tensor[table])
        elif is_product(writer, operator) and int(operator.inputs[1]) in by_tensor:
            table = int(operator.inputs[1])
            made = _scored(writer, operator, by_tensor[table])
        else:
            continue
        for added in range(before, len(writer.subgraph.tensors)):
            if writer.is_constant(added):
                writer.subgraph.tensors[added].name = writer.subgraph.tensors[table].name
        writer.subgraph.operators.remove(operator)
        writer.replace(int(operator.outputs[0]), made)
    return writer.pack()


def stored_bias(bias: Floats) -> NDArray[np.floating]:
    """Return a bias as it is stored beside a coded table: float16, or as it is where its numbers do not fit."""
    with np.errstate(over="ignore"):
        narrow = bias.astype(np.float16)
    return narrow if np.isfinite(narrow).all() else bias


def _by_tensor(writer: GraphWriter, tables: Mapping[int, Coded]) -> dict[int, Coded]:
    found = {index: table for table in tables_in(writer) for index in table.tensors}
    by_tensor: dict[int, Coded] = {}
    for index, coded in tables.items():
        if index not in found:
            expected = ", ".join(f"{one} ({table.name})" for one, table in sorted(found.items())) or "none: it has none"
            raise ConversionFailed(f"got tensor {index}, expected one of the model's tables: {expected}")
        shape = found[index].values.shape
        if (coded.rows, coded.columns) != shape:
            raise ConversionFailed(
                f"got a coded table of {coded.rows} rows and {coded.columns} columns for tensor {index}, expected "
                f"{shape[0]} and {shape[1]}"
            )
        by_tensor.update(dict.fromkeys(found[index].tensors, coded))
    return by_tensor


def _looked_up(writer: GraphWriter, gather: Any, coded: Coded) -> int:
    ids = int(gather.inputs[1])
    if writer.dtype(ids) != "INT32":
        ids = cast(writer, ids, "INT32")
    return coded.lookup(writer, ids)


def _scored(writer: GraphWriter, dense: Any, coded: Coded) -> int:
    query, output = int(dense.inputs[0]), int(dense.outputs[0])
    if writer.shape(query)[1:] != (coded.columns,):
        query = reshaped(writer, query, (-1, coded.columns))
    scores = coded.scores(writer, query)
    bias = int(dense.inputs[2]) if len(dense.inputs) > 2 else -1  # noqa: PLR2004
    if bias >= 0 and (not writer.is_constant(bias) or writer.values(bias).any()):
        scores = combined(writer, "ADD", scores, _narrowed(writer, bias))
    activation = ACTIVATIONS[writer.option(dense, "fused_activation_function")]
    if activation != "NONE":
        scores = writer.apply(activation, [scores], writer.shape(scores))
    if writer.shape(output)[1:] != (coded.rows,):
        scores = reshaped(writer, scores, writer.shape(output))
    return scores


def _narrowed(writer: GraphWriter, bias: int) -> int:
    """Return a stored bias in float16, which is finer than the table beside it, where its numbers fit."""
    if not writer.is_constant(bias):
        return bias
    narrow = stored_bias(writer.values(bias))
    return widened(writer, narrow) if narrow.dtype == np.float16 else bias
