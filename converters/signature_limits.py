"""What the signatures of a .tflite leave open and take: axes of any size, and ids that stored tables have rows for."""

from dataclasses import dataclass

from converters.graph import Operator, Signature, Subgraph, Tensor
from converters.tflite_file import TfliteFile

# Which input of a lookup is the table, and which the ids.
LOOKUPS = {"GATHER": (0, 1), "EMBEDDING_LOOKUP": (1, 0)}
# Operators whose output holds the same numbers as their first input.
_SAME_NUMBERS = {"CAST", "DEQUANTIZE", "EXPAND_DIMS", "QUANTIZE", "RESHAPE", "SQUEEZE", "TRANSPOSE"}


@dataclass(frozen=True, slots=True, order=True)
class FreeAxis:
    """An axis, other than the batch, that a signature leaves open; `name` is the input's or output's."""

    signature: str
    name: str
    axis: int


def free_axes(file: TfliteFile) -> tuple[FreeAxis, ...]:
    """Return the axes of signature inputs and outputs, other than axis 0, whose size is not fixed."""
    return tuple(
        FreeAxis(signature.key, name, axis)
        for signature in _signatures(file)
        for name, index in (*signature.inputs.items(), *signature.outputs.items())
        for axis, size in enumerate(file.subgraphs[signature.subgraph].tensors[index].shape_signature)
        if axis > 0 and size < 0
    )


def id_limits(file: TfliteFile, signature: str | None = None) -> dict[str, int]:
    """Return, by input name, the rows of the smallest stored table that the input's ids are looked up in.

    Ids are followed through casts, changes of shape and the parts of a table only; an input that reaches no lookup
    that way is left out. Without a `signature`, all of them are read and the smaller limit counts.
    """
    limits: dict[str, int] = {}
    for key, found in id_limits_by_signature(file).items():
        if signature in (None, key):
            limits.update({name: min(rows, limits.get(name, rows)) for name, rows in found.items()})
    return limits


def id_limits_by_signature(file: TfliteFile) -> dict[str, dict[str, int]]:
    """Return what `id_limits` says of each signature, by its key; a graph is walked once, whatever calls it."""
    by_subgraph = [_rows_looked_up(file, graph) for graph in file.subgraphs]
    return {
        each.key: {
            name: by_subgraph[each.subgraph][index]
            for name, index in each.inputs.items()
            if index in by_subgraph[each.subgraph]
        }
        for each in _signatures(file)
    }


def carried_on(graph: Subgraph, tensors: set[int]) -> set[int]:
    """Return `tensors` of a graph and those that hold their numbers behind casts and changes of shape, by index."""
    found = set(tensors)
    for operator in graph.operators:
        if operator.inputs and operator.inputs[0] in found:
            found.update(carried(operator))
    return found


def _signatures(file: TfliteFile) -> tuple[Signature, ...]:
    """Return the signatures; for a file without one, the first subgraph's under its tensors' names."""
    if file.signatures:
        return file.signatures
    graph = file.subgraphs[0]
    inputs, outputs = ({graph.tensors[i].name: i for i in indices} for indices in (graph.inputs, graph.outputs))
    return (Signature("", 0, inputs, outputs),)


def carried(operator: Operator) -> tuple[int, ...]:
    """Return the outputs that hold the numbers of the operator's first input, () when it computes new ones."""
    return operator.outputs if operator.name in _SAME_NUMBERS and operator.inputs else ()


def _rows_looked_up(file: TfliteFile, graph: Subgraph) -> dict[int, int]:
    """Return, for each tensor whose numbers are ids of a stored table, the rows of the smallest such table."""
    stored = _stored_tensors(file, graph)
    limits: dict[int, int] = {}
    for operator in reversed(graph.operators):
        found = [limits[made] for made in carried(operator) if made in limits] + _shifted(file, graph, operator, limits)
        ids = operator.inputs[0] if found else -1
        if operator.name in LOOKUPS and len(operator.inputs) > 1:
            table, ids = (operator.inputs[position] for position in LOOKUPS[operator.name])
            found = _rows(graph.tensors[table], operator.options.get("axis", 0)) if table in stored else []
        if found:
            limits[ids] = min(*found, limits.get(ids, found[0]))
    return limits


def _shifted(file: TfliteFile, graph: Subgraph, operator: Operator, limits: dict[int, int]) -> list[int]:
    """Return the limit of ids that a stored integer is taken off, divides, or is the least of, before a lookup.

    So a table in parts reads its ids; an id that is cut off from above is limited by another part.
    """
    if operator.name not in {"SUB", "MAXIMUM", "FLOOR_DIV"} or len(operator.inputs) != 2 or min(operator.inputs) < 0:  # noqa: PLR2004
        return []
    found = [limits[made] for made in operator.outputs if made in limits]
    by = graph.tensors[operator.inputs[1]]
    stored = file.constant(by)
    if by.dtype != "INT32" or by.elements != 1 or not len(stored):
        return []
    by_number = int.from_bytes(stored, "little", signed=True)
    if operator.name == "FLOOR_DIV":
        return [limit * by_number for limit in found]
    return [limit + (by_number if operator.name == "SUB" else 0) for limit in found]


def _rows(table: Tensor, axis: object) -> list[int]:
    fits = isinstance(axis, int) and -len(table.shape) <= axis < len(table.shape)
    return [table.shape[axis]] if isinstance(axis, int) and fits else []


def _stored_tensors(file: TfliteFile, graph: Subgraph) -> set[int]:
    """Return the tensors whose numbers the file alone tells: constants, and what is computed of nothing else."""
    found = {tensor.index for tensor in graph.tensors if len(file.constant(tensor))}
    for operator in graph.operators:
        if operator.inputs and found.issuperset(index for index in operator.inputs if index >= 0):
            found.update(operator.outputs)
    return found
