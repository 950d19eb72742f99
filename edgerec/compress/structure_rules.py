"""What each kind of layer does to the columns of its inputs: makes new ones, passes them on, or ties them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgerec.compress.structure_graph import ColumnGraph, Labels
from edgerec.models.session import session

Rule = Callable[[ColumnGraph, Any, Sequence[Any], list[Labels]], Labels | None]  # None: no call that it knows


def _embedding(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels:
    del inputs, labels
    return graph.makes(layer, int(layer.output_dim))


def _dense(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels:
    del inputs
    graph.takes(layer, labels[0])
    made = graph.makes(layer, int(layer.units))
    _elementwise(graph, layer, layer.activation, made)
    return made


def _gru(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    if len(inputs) > 1:  # a state from outside
        return None
    graph.takes(layer, labels[0])
    made = graph.makes(layer, int(layer.units))
    graph.bend(made, layer)
    if not _zero_at_zero(layer.activation):
        graph.fix(made, f"{layer.activation.__name__} of {layer.name} is not 0 at 0")
    return made


def _activation(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels:
    del inputs
    _elementwise(graph, layer, layer.activation, labels[0])
    return labels[0]


def _unchanged(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    del graph, layer
    return labels[0] if len(inputs) == 1 else None


def _rectified(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels:
    if not _zero_at_zero(layer):  # its threshold is above 0
        graph.fix(labels[0], f"{type(layer).__name__} {layer.name} is not 0 at 0")
    return _largest(graph, layer, inputs, labels)


def _largest(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels:
    del inputs
    graph.bend(labels[0], layer)
    return labels[0]


def _sum(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    del layer, inputs
    if len({len(each) for each in labels}) != 1:  # one column for all of another's
        return None
    for each in labels[1:]:
        graph.tie(labels[0], each)
    return labels[0]


def _product(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    found = _sum(graph, layer, inputs, labels)
    if found is not None:
        graph.bend(found, layer)
    return found


def _concatenate(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    rank = len(inputs[0].shape)
    if layer.axis in {-1, rank - 1}:
        return np.concatenate(labels)
    return _sum(graph, layer, inputs, labels)


def _flatten(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    del graph
    between = tuple(inputs[0].shape)[1:-1]
    if layer.data_format != "channels_last" or None in between:
        return None
    return np.tile(labels[0], int(np.prod(between, dtype=np.int64)))


def _attention(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    query, value = labels[:2]
    key = labels[2] if len(inputs) > 2 else value  # noqa: PLR2004
    if len(inputs) > 3 or layer.score_mode != "dot" or len(query) != len(key):  # noqa: PLR2004
        return None
    graph.tie(query, key)
    graph.bend(query, layer)
    return value


def _dot(graph: ColumnGraph, layer: Any, inputs: Sequence[Any], labels: list[Labels]) -> Labels | None:
    axes = layer.axes if isinstance(layer.axes, list | tuple) else (layer.axes, layer.axes)
    flat = all(len(tensor.shape) == 2 for tensor in inputs)  # noqa: PLR2004
    if not flat or any(axis not in {-1, 1} for axis in axes):
        return None
    graph.tie(*labels)
    graph.bend(labels[0], layer)
    made = graph.new(1)
    graph.fix(made, f"Dot {layer.name} makes one column")
    return made


def _elementwise(graph: ColumnGraph, layer: Any, activation: Callable[[Any], Any], labels: Labels) -> None:
    if not _zero_at_zero(activation):
        graph.fix(labels, f"{activation.__name__} of {layer.name} is not 0 at 0")
    if activation.__name__ != "linear":
        graph.bend(labels, layer)


def _zero_at_zero(activation: Callable[[Any], Any]) -> bool:
    return not np.asarray(activation(session().tf.zeros((1, 2)))).any()


RULES: dict[str, Rule] = {
    "Embedding": _embedding,
    "Dense": _dense,
    "GRU": _gru,
    "Activation": _activation,
    "ReLU": _rectified,
    "LeakyReLU": _rectified,
    "Dropout": _unchanged,
    "SpatialDropout1D": _unchanged,
    "Cropping1D": _unchanged,
    "GlobalAveragePooling1D": _unchanged,
    "GlobalMaxPooling1D": _largest,
    "Add": _sum,
    "Average": _sum,
    "Multiply": _product,
    "Concatenate": _concatenate,
    "Flatten": _flatten,
    "Attention": _attention,
    "Dot": _dot,
}

NOT_COLUMN_BY_COLUMN = {
    "LayerNormalization": "takes mean and variance over all columns, zero ones among them",
    "BatchNormalization": "makes another number of zero",
}
