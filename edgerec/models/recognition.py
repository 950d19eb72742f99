"""What a Keras model's inputs mean: said in edgerec.toml, else told by names, shapes and tables, else asked for."""

from collections.abc import Mapping
from typing import Any

from device_tests.manifest import Input
from edgerec.config import InputSetting, ModelSetting
from edgerec.models.recommender import ModelError
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS, Roles
from edgerec.suggestion import did_you_mean

ROLE_WORDS = {
    "history": ("history", "sequence", "session"),  # first: "item_history" is a history
    "user": ("user",),
    "item": ("item", "movie", "product"),
}


def roles(model: Any, setting: ModelSetting) -> Roles:
    """The roles of a Keras model's inputs. Raises ModelError that says which line of edgerec.toml would tell."""
    given = {entry.name: entry for entry in setting.inputs}
    tensors = {str(tensor.name).split(":")[0]: tensor for tensor in model.inputs}
    for name in given:
        if name not in tensors:
            raise ModelError(
                f"{setting.path}: the model has no input {name!r}{did_you_mean(name, tensors)}; it has "
                f"{', '.join(tensors)}"
            )
    width = _width(model, setting)
    kind = _kind(width, setting)
    parts = {name: given[name].role if name in given else _role(name, setting) for name in tensors}
    _refuse_vectors(parts, setting)
    _refuse_parts(parts, kind, setting)
    ids = {name: _ids(model, name, tensor, given.get(name), setting) for name, tensor in tensors.items()}
    item = next((name for name, role in parts.items() if role == "item"), None)
    items = width if item is None else ids[item]
    inputs = []
    for name, tensor in tensors.items():
        if parts[name] == "history":
            length = _length(name, tensor, setting)
            masked = any(layer.mask_zero for layer in _tables(model, tensor))
            told = given[name].padding_id if name in given else None
            padding = _padding(name, told, masked=masked, ids=ids[name], items=items, setting=setting)
            inputs.append(Input(name, "history", length, ids[name], padding))
        else:
            _refuse_many_ids(name, parts[name], tensor, setting)
            inputs.append(Input(name, parts[name], 0, ids[name], None))
    return Roles(setting.name or setting.path.stem, kind, tuple(inputs), items)


def _width(model: Any, setting: ModelSetting) -> int:
    """Scores a row."""
    shapes = [tuple(tensor.shape) for tensor in model.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] is None:  # noqa: PLR2004
        told = ", ".join(map(str, shapes))
        raise ModelError(f"{setting.path}: expected one output of scores [batch, items] or [batch, 1], got {told}")
    return int(shapes[0][1])


def _kind(width: int, setting: ModelSetting) -> str:
    kind = setting.kind or (POINTWISE if width == 1 else CATALOGUE)
    if kind == TWO_TOWERS:
        raise ModelError(
            f"{setting.path}: two towers come without the item features in a file: load the model in Python and give "
            "edgerec.models.recommender.Recommender the model, its roles and the features"
        )
    if kind == POINTWISE and width != 1:
        raise ModelError(f"{setting.path}: a pointwise model gives one score a row, this one gives {width}")
    return kind


def _refuse_vectors(parts: Mapping[str, str], setting: ModelSetting) -> None:
    """Raise ModelError for a vector: interactions tell none, so that nothing can be trained or judged with it."""
    for name, role in parts.items():
        if role == "vector":
            raise ModelError(
                f"{setting.path}: input {name!r} is a vector, and a model is trained on ids; convert it yourself and "
                "give the .tflite to edgerec pack --vectors"
            )


def _refuse_parts(parts: Mapping[str, str], kind: str, setting: ModelSetting) -> None:
    """Raise ModelError for roles that do not make a recommender of this kind."""
    found, told = list(parts.values()), ", ".join(f"{name} ({role})" for name, role in parts.items())
    if len(set(found)) != len(found):
        raise ModelError(f"{setting.path}: two inputs have one role: {told}; say in edgerec.toml what each is")
    if ("item" in found) != (kind == POINTWISE):
        what = "scores every item and takes no item" if kind == CATALOGUE else "needs an input of role item"
        raise ModelError(f"{setting.path}: a {kind} model {what}; its inputs are {told}")
    if "user" not in found and "history" not in found:
        raise ModelError(f"{setting.path}: no input says who asks, a user or a history; its inputs are {told}")


def _role(name: str, setting: ModelSetting) -> str:
    for role, words in ROLE_WORDS.items():
        if any(word in name.lower() for word in words):
            return role
    raise ModelError(
        f'{setting.path}: input {name!r} may be anything; write [model] inputs = {{ {name} = "user" }} (or item, '
        "history) in edgerec.toml"
    )


def _length(name: str, tensor: Any, setting: ModelSetting) -> int:
    shape = tuple(tensor.shape)
    if len(shape) != 2 or shape[1] is None:  # noqa: PLR2004
        raise ModelError(f"{setting.path}: history {name!r} has shape {shape}, expected [batch, length]")
    return int(shape[1])


def _refuse_many_ids(name: str, role: str, tensor: Any, setting: ModelSetting) -> None:
    if tuple(tensor.shape)[1:] not in {(), (1,)}:
        raise ModelError(f"{setting.path}: {role} {name!r} has shape {tuple(tensor.shape)}, expected one id a row")


def _padding(name: str, given: int | None, *, masked: bool, ids: int, items: int, setting: ModelSetting) -> int:
    """The id that fills short histories: given, 0 where the table masks it, else the id after the last item."""
    if given is not None:
        if not 0 <= given < ids:
            raise ModelError(f"{setting.path}: padding_id of history {name!r} is {given}, and its ids are below {ids}")
        return given
    if masked and ids > items:
        raise ModelError(
            f"{setting.path}: history {name!r} masks id 0 and takes {ids} ids, and the catalogue has {items} items, "
            "while score i has to be the score of item i: build the model with a score for id 0 too"
        )
    if masked:
        return 0
    if items >= ids:
        raise ModelError(
            f"{setting.path}: history {name!r} takes ids below {ids} and the catalogue has {items} items, so the "
            "padding id cannot be told; write padding_id beside its role in edgerec.toml"
        )
    return items


def _ids(model: Any, name: str, tensor: Any, given: InputSetting | None, setting: ModelSetting) -> int:
    """How many ids an input takes: given, else the rows of the smallest table that it is looked up in."""
    rows = min((int(layer.input_dim) for layer in _tables(model, tensor)), default=None)
    if given is not None and given.ids is not None:
        if rows is not None and given.ids > rows:
            raise ModelError(f"{setting.path}: ids of {name!r} is {given.ids}, and its table has {rows} rows")
        return given.ids
    if rows is None:
        raise ModelError(f"{setting.path}: no table is looked up with {name!r}; write ids = N beside its role")
    return rows


def _tables(model: Any, tensor: Any) -> list[Any]:
    """The embeddings that an input is looked up in."""
    return [
        layer
        for layer in model.layers
        if hasattr(layer, "input_dim")
        and hasattr(layer, "mask_zero")
        and any(node.input_tensors is tensor for node in layer.inbound_nodes)
    ]
