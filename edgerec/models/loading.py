"""A trained legacy Keras file becomes a Recommender: nothing in the file is run, roles are recognised or asked for."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from device_tests.bundle import Input
from edgerec.config import InputSetting, ModelSetting
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.roles import CATALOGUE, POINTWISE, TWO_TOWERS, Roles
from edgerec.models.session import session

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
RUNS_CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda")
ROLE_WORDS = {"user": ("user",), "item": ("item", "movie", "product"), "history": ("history", "sequence", "session")}


def load(setting: ModelSetting) -> Recommender:
    """The recommender in a legacy Keras `.keras` or `.h5` file.

    Roles come from the setting, else from input names, shapes and tables. Raises ModelError in one sentence for a file
    that is not such a model, that holds code, or whose roles cannot be told.
    """
    path = setting.path
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    _refuse_code(_config(data, path), path)
    keras = session().keras
    try:
        model = keras.models.load_model(str(path), compile=False)
    except (ValueError, TypeError, KeyError, OSError, AttributeError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise ModelError(f"{path}: legacy Keras cannot build the model: {reason}") from error
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ModelError(f"{path}: expected a functional or sequential model with known inputs")
    return Recommender(roles(model, setting), model)


def roles(model: Any, setting: ModelSetting) -> Roles:
    """What the inputs of a Keras model mean. Raises ModelError that says which line of edgerec.toml would tell."""
    given = {entry.name: entry for entry in setting.inputs}
    names = [_name(tensor) for tensor in model.inputs]
    for name in given:
        if name not in names:
            raise ModelError(f"{setting.path}: no input {name!r}; the model has {', '.join(names)}")
    if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:  # noqa: PLR2004
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in model.outputs)
        raise ModelError(f"{setting.path}: expected one output of scores [batch, items] or [batch, 1], got {shapes}")
    width = int(model.outputs[0].shape[1])
    kind = setting.kind or (POINTWISE if width == 1 else CATALOGUE)
    if kind == TWO_TOWERS:
        raise ModelError(f"{setting.path}: two towers are taken from Python so far: edgerec.models.recommender")
    parts = {name: _role(name, given.get(name), setting) for name in names}
    tables = {name: _rows(model, tensor) for name, tensor in zip(names, model.inputs, strict=True)}
    item = next((name for name, role in parts.items() if role == "item"), None)
    if (item is None) != (kind == CATALOGUE):
        what = "needs an input of role item" if item is None else "scores every item and takes no item"
        raise ModelError(f"{setting.path}: a {kind} model {what}; its inputs are {_told(parts)}")
    items = width if kind == CATALOGUE else _ids(str(item), given, tables, setting)
    inputs = tuple(
        _input(tensor, role, _ids(name, given, tables, setting), items, setting)
        for tensor, (name, role) in zip(model.inputs, parts.items(), strict=True)
    )
    return Roles(setting.name or setting.path.stem, kind, inputs, items)


def _config(data: bytes, path: Path) -> Mapping[str, Any]:
    """The architecture that a file states, read without building it."""
    if data.startswith(ZIP):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                made_by = json.loads(archive.read("metadata.json")).get("keras_version", "")
                config: Mapping[str, Any] = json.loads(archive.read("config.json"))
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
            raise ModelError(f"{path}: not a .keras file, or cut short: {error}") from error
    elif data.startswith(HDF5):
        import h5py  # noqa: PLC0415  (comes with TensorFlow)

        try:
            with h5py.File(io.BytesIO(data), "r") as file:
                made_by = _text(file.attrs.get("keras_version", ""))
                config = json.loads(_text(file.attrs["model_config"]))
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path}: not a whole Keras model in HDF5 (weights alone have no layers): {error}"
            ) from error
    else:
        raise ModelError(f"{path}: begins with {data[:8]!r}, expected a .keras (PK) or .h5 (HDF) model of legacy Keras")
    if str(made_by).startswith("3"):
        raise ModelError(
            f"{path}: made by Keras {made_by}, and TF-MOT takes legacy Keras (tf_keras) models only: build the model "
            "with TF_USE_LEGACY_KERAS=1, load its weights and save it again"
        )
    return config


def _refuse_code(config: object, path: Path) -> None:
    """Refuse layers that carry code: what they do cannot be seen before it is run."""
    for entry in _dicts(config):
        kind = entry.get("class_name")
        if kind in RUNS_CODE:
            name = entry.get("name") or (entry.get("config") or {}).get("name")
            raise ModelError(
                f"{path}: layer {name!r} is a {kind}, which holds code that loading would run; rebuild it from "
                "built-in layers"
            )


def _dicts(value: object) -> Iterator[Mapping[str, Any]]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield current
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _role(name: str, given: InputSetting | None, setting: ModelSetting) -> str:
    if given is not None:
        return given.role
    for role in ("history", "user", "item"):  # "item_history" is a history
        if any(word in name.lower() for word in ROLE_WORDS[role]):
            return role
    raise ModelError(
        f'{setting.path}: input {name!r} may be anything; write [model] inputs = {{ {name} = "user" }} (or item, '
        "history) in edgerec.toml"
    )


def _input(tensor: Any, role: str, ids: int, items: int, setting: ModelSetting) -> Input:
    name, shape = _name(tensor), tuple(tensor.shape)[1:]
    given = next((entry for entry in setting.inputs if entry.name == name), None)
    if role == "history":
        if len(shape) != 1 or shape[0] is None:
            raise ModelError(
                f"{setting.path}: history {name!r} has shape {tuple(tensor.shape)}, expected [batch, length]"
            )
        padding = given.padding_id if given and given.padding_id is not None else items
        if padding >= ids:
            raise ModelError(
                f"{setting.path}: history {name!r} takes ids below {ids} and the catalogue has {items} items, so the "
                "padding id cannot be told; write padding_id beside its role in edgerec.toml"
            )
        return Input(name, role, int(shape[0]), ids, padding)
    if shape not in {(), (1,)}:
        raise ModelError(f"{setting.path}: {role} {name!r} has shape {tuple(tensor.shape)}, expected one id a row")
    return Input(name, role, 0, ids, None)


def _ids(name: str, given: Mapping[str, InputSetting], tables: Mapping[str, int | None], setting: ModelSetting) -> int:
    entry = given.get(name)
    found = entry.ids if entry and entry.ids is not None else tables[name]
    if found is None:
        raise ModelError(f"{setting.path}: no table is looked up with {name!r}; write ids = N beside its role")
    return found


def _rows(model: Any, tensor: Any) -> int | None:
    """Rows of the smallest table that an input is looked up in."""
    rows = [
        int(layer.input_dim)
        for layer in model.layers
        if hasattr(layer, "input_dim") and any(node.input_tensors is tensor for node in layer.inbound_nodes)
    ]
    return min(rows, default=None)


def _name(tensor: Any) -> str:
    return str(tensor.name).split(":")[0]


def _told(parts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({role})" for name, role in parts.items())


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
