"""Which columns of a model stand or fall together: every column of every tensor followed from layer to layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgerec.compress.structure_graph import ColumnGraph, Labels
from edgerec.compress.structure_rules import NOT_COLUMN_BY_COLUMN, RULES
from edgerec.models.recommender import Recommender
from edgerec.models.session import session


@dataclass(frozen=True, eq=False)
class Ties:
    """The columns of a model by number; columns that only go together have one.

    made   by layer that makes columns (tables, dense layers, GRUs): the number of each, [width]
    taken  by dense layer and GRU: the number of the column that each row of its kernel multiplies, [inputs]
    fixed  why a column cannot go, by number
    bent   what is not linear in a column, by number
    """

    made: dict[str, Labels]
    taken: dict[str, Labels]
    fixed: dict[int, str]
    bent: dict[int, str]


def ties(recommender: Recommender) -> Ties:
    """The ties of a recommender's model, from the layers' kinds alone; a layer that is not known fixes its columns."""
    model = recommender.clone().model  # layers of a clone have no calls but this model's
    flatten = session().tf.nest.flatten
    graph = ColumnGraph()
    labels = {id(tensor): graph.fresh(tensor, "an input of the model") for tensor in flatten(model.inputs)}
    pending = [node for layer in model.layers for node in layer.inbound_nodes if not node.is_input]
    while pending:
        ready = [node for node in pending if all(id(tensor) in labels for tensor in flatten(node.input_tensors))]
        pending = [node for node in pending if node not in ready]
        for node in ready:
            inputs, outputs = flatten(node.input_tensors), flatten(node.output_tensors)
            found = _through(graph, node.layer, inputs, outputs, [labels[id(tensor)] for tensor in inputs])
            labels.update({id(tensor): found for tensor in outputs})
    for tensor in flatten(model.outputs):
        graph.fix(labels[id(tensor)], "an output of the model")
    made, taken = ({name: graph.roots(each) for name, each in kind.items()} for kind in (graph.made, graph.taken))
    return Ties(made, taken, graph.fixed, graph.bent)


def _through(
    graph: ColumnGraph, layer: Any, inputs: Sequence[Any], outputs: Sequence[Any], labels: list[Labels]
) -> Labels:
    """The columns of a layer's outputs for those of its inputs."""
    kind = type(layer).__name__
    found = RULES[kind](graph, layer, inputs, labels) if kind in RULES else None
    if found is not None:
        return found
    reason = f"{kind} {layer.name} {NOT_COLUMN_BY_COLUMN.get(kind, 'may mix a zero column with others')}"
    for each in labels:
        graph.fix(each, reason)
    return graph.fresh(outputs[0], reason)
