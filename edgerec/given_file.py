"""A .tflite that somebody else converted: what it says of itself, and the roles that make a recommender of it."""

from collections.abc import Sequence

from converters.graph import Signature, Subgraph, Tensor
from converters.signature_limits import carried_on, id_limits
from converters.spec import DYNAMIC_INT8, FLOAT16, FLOAT32, FULL_INT8, INT16
from converters.tflite_file import TfliteFile
from device_tests.manifest import Input
from edgerec.config import InputSetting
from edgerec.errors import EdgerecError
from edgerec.models.roles import CATALOGUE, POINTWISE, Roles
from edgerec.packing import EntryPoint
from edgerec.suggestion import did_you_mean

LOOKUPS = frozenset({"GATHER", "GATHER_ND", "EMBEDDING_LOOKUP"})


class GivenFileError(EdgerecError):
    """A .tflite whose signature, inputs and roles do not go together."""


def entry_point(file: TfliteFile) -> EntryPoint:
    """Give the one signature and output of a file. Raises GivenFileError where there are none or several."""
    signature = _signature(file)
    return EntryPoint(signature.key, next(iter(signature.outputs)))


def roles_of(file: TfliteFile, said: Sequence[InputSetting], *, name: str, items: int) -> Roles:
    """Give the roles of a file's inputs as they were said, with lengths and ids out of the file.

    Raises GivenFileError for an input that is not there, one of which nothing was said, one whose ids no table of the
    file tells, a history whose padding id was not said, and a vector that is no row of numbers.
    """
    signature = _signature(file)
    tensors = file.subgraphs[signature.subgraph].tensors
    settings = {one.name: one for one in said}
    names = ", ".join(signature.inputs)
    for one in settings.keys() - signature.inputs.keys():
        raise GivenFileError(f"the model has no input {one}{did_you_mean(one, signature.inputs)}; it has {names}.")
    for one in signature.inputs.keys() - settings.keys():
        raise GivenFileError(f"the model's inputs are {names}; say the role of each, such as --input {one}=history.")
    limits = id_limits(file, signature.key)
    inputs = []
    for one, tensor in sorted(signature.inputs.items()):
        setting, shape = settings[one], tensors[tensor].shape
        if setting.role == "vector":
            inputs.append(_vector(tensors[tensor], setting))
            continue
        if tensors[tensor].dtype == "FLOAT32":
            raise GivenFileError(
                f"input {one} takes FLOAT32 numbers, so it is no {setting.role}; say --input {one}=vector if it is one."
            )
        ids = setting.ids or limits.get(one)
        if ids is None:
            raise GivenFileError(f"input {one} reaches no table that tells how many ids it takes; say ids in [model].")
        if setting.role == "history" and setting.padding_id is None:
            raise GivenFileError(
                f"input {one} is a history, and the file does not tell which id fills short ones; say it, such as "
                f"--input {one}=history,{items if ids > items else 0}."
            )
        length = shape[1] if setting.role == "history" and len(shape) > 1 else 0
        inputs.append(Input(one, setting.role, length, ids, setting.padding_id))
    kind = POINTWISE if any(one.role == "item" for one in inputs) else CATALOGUE
    return Roles(name, kind, tuple(inputs), items)


def _vector(tensor: Tensor, said: InputSetting) -> Input:
    if said.ids is not None or said.padding_id is not None:
        raise GivenFileError(f"input {said.name} is a vector, which has neither ids nor a padding id; leave them out.")
    if tensor.dtype != "FLOAT32" or len(tensor.shape) != 2:  # noqa: PLR2004
        raise GivenFileError(
            f"input {said.name} is {tensor.dtype} of shape {list(tensor.shape)}, expected FLOAT32 of shape "
            "[1, columns] for a vector; say what else it is."
        )
    return Input(said.name, "vector", tensor.shape[1], 0, None)


def precision_of(file: TfliteFile) -> str:
    """Give the precision of a file, told by the types of its constants and of what it computes.

    Rows that are looked up in an int8 table are int8 themselves, also in another shape: they are no arithmetic.
    """
    stored = {tensor.dtype for graph in file.subgraphs for tensor in graph.tensors if len(file.constant(tensor))}
    computed = {dtype for graph in file.subgraphs for dtype in _computed(graph)}
    if "INT16" in computed:
        return INT16
    if "INT8" in computed:
        return FULL_INT8
    if stored & {"INT8", "INT4", "INT2", "UINT8"}:
        return DYNAMIC_INT8
    return FLOAT16 if "FLOAT16" in stored else FLOAT32


def _computed(graph: Subgraph) -> set[str]:
    """Give the types of what a graph computes, other than rows looked up and what only moves their numbers."""
    rows = {index for operator in graph.operators if operator.name in LOOKUPS for index in operator.outputs}
    moved = carried_on(graph, rows)
    made = {index for operator in graph.operators for index in operator.outputs}
    return {graph.tensors[index].dtype for index in made - moved}


def _signature(file: TfliteFile) -> Signature:
    if len(file.signatures) != 1 or len(file.signatures[0].outputs) != 1:
        found = ", ".join(f"{one.key} with {len(one.outputs)} outputs" for one in file.signatures) or "none"
        raise GivenFileError(f"the file's signatures are {found}, expected one with one output; convert it with one.")
    return file.signatures[0]
