"""The bytes of a legacy Keras file become a model, and nothing that the file holds is run.

Loading a Keras file calls what its configuration names: any function of any module that can be imported, or code that
is kept in the file. So the configuration is read first, and only built-in layers and their parts may be named in it.
"""

import inspect
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from edgerec import storage
from edgerec.models.recommender import ModelError
from edgerec.models.session import session

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
CONFIG_BYTES = 64 << 20  # of an architecture; what inflates to more is not one

NAMESPACES = ("layers", "initializers", "regularizers", "constraints")
MODELS = ("Functional", "Model", "Sequential", "Policy")
PLAIN = ("TensorShape", "__tuple__", "__ellipsis__", "__bytes__", "__numpy__", "__tensor__")  # values, in Keras's JSON
MODULES = (
    "keras",
    *(f"keras.{each}" for each in (*NAMESPACES, "models", "mixed_precision")),
    "keras.engine.functional",
    "keras.src.engine.functional",
)
REFUSED = {
    "Lambda": "holds code that loading would run; rebuild it from built-in layers",
    "StringLookup": "reads a file that the model names; look ids up before the model",
    "IntegerLookup": "reads a file that the model names; look ids up before the model",
    "TextVectorization": "reads a file that the model names; look words up before the model",
}
CALLS = "calls a TensorFlow function by name; use a layer for it: Add, Subtract, Multiply, Dot, Concatenate, Reshape"
REMEDIES = {
    "TFOpLambda": CALLS,
    "SlicingOpLambda": CALLS,
    "PruneLowMagnitude": "is TF-MOT's wrapper; call tfmot.sparsity.keras.strip_pruning and save the model again",
    "ClusterWeights": "is TF-MOT's wrapper; call tfmot.clustering.keras.strip_clustering and save the model again",
}
FOREIGN = "is no built-in layer of legacy Keras, and loading it would run other code; rebuild it from built-in layers"

BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, RuntimeError, NotImplementedError)


def model_of(data: bytes, name: str) -> Any:
    """The Keras model in the bytes of a `.keras` or `.h5` file, not compiled.

    Raises ModelError in one sentence, beginning with `name`, for bytes that are no such model and for a model that
    names anything but built-in layers.
    """
    kind = next((kind for magic, kind in ((ZIP, "keras"), (HDF5, "h5")) if data.startswith(magic)), None)
    if kind is None:
        raise ModelError(f"{name}: begins with {data[:8]!r}, expected a .keras (PK) or .h5 (HDF) model of legacy Keras")
    made_by, config = _keras_config(data, name) if kind == "keras" else _h5_config(data, name)
    if made_by.startswith("3"):
        raise ModelError(
            f"{name}: made by Keras {made_by}, and TF-MOT takes legacy Keras (tf_keras) models only: build the model "
            "with TF_USE_LEGACY_KERAS=1, load its weights and save it again"
        )
    if not isinstance(config, dict):
        raise ModelError(f"{name}: its configuration is no model")
    # How a model was compiled is not loaded: a loss of the user's own does not matter.
    _refuse_foreign({key: value for key, value in config.items() if key != "compile_config"}, name)
    return _built(data, kind, name)


def _built(data: bytes, kind: str, name: str) -> Any:
    """Keras's own loader on exactly the bytes that were looked at, whatever has become of the file since."""
    keras, errors = session().keras, session().tf.errors
    with storage.scratch() as folder:
        path = folder / f"model.{kind}"
        path.write_bytes(data)
        try:
            model = keras.models.load_model(str(path), compile=False)
        except (*BROKEN, TypeError, AttributeError, IndexError, AssertionError, errors.OpError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise ModelError(f"{name}: legacy Keras cannot build the model: {lines[0][:200]}") from error
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise ModelError(f"{name}: expected a functional or sequential model with known inputs")
    return model


def _keras_config(data: bytes, name: str) -> tuple[str, object]:
    """The version of Keras that wrote a .keras file, and the architecture that it states."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in ("metadata.json", "config.json"):
                if archive.getinfo(member).file_size > CONFIG_BYTES:
                    raise ModelError(f"{name}: {member} is larger than any architecture")
            metadata, config = (json.loads(archive.read(member)) for member in ("metadata.json", "config.json"))
    except BROKEN as error:
        raise ModelError(f"{name}: not a .keras file, or cut short: {_first_line(error)}") from error
    return str(metadata.get("keras_version", "")) if isinstance(metadata, dict) else "", config


def _h5_config(data: bytes, name: str) -> tuple[str, object]:
    """The version of Keras that wrote an .h5 file, and the architecture that it states."""
    import h5py  # noqa: PLC0415  (comes with TensorFlow)

    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            if "model_config" not in file.attrs:
                raise ModelError(
                    f"{name}: holds weights and no layers: save the whole model, by model.save, not model.save_weights"
                )
            return _text(file.attrs.get("keras_version", "")), json.loads(_text(file.attrs["model_config"]))
    except BROKEN as error:
        raise ModelError(f"{name}: not an .h5 file, or cut short: {_first_line(error)}") from error


def _refuse_foreign(config: Mapping[str, Any], name: str) -> None:
    for entry in _dicts(config):
        if "class_name" not in entry:
            continue
        found = entry["class_name"]
        if reason := _reason(entry, found):
            inner = entry.get("config")
            layer = entry.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
            what = f"{found} {inner!r}"[:100] if found == "function" else found
            raise ModelError(f"{name}: {f'layer {layer!r} is a' if layer else 'it names'} {what}, which {reason}")


def _reason(entry: Mapping[str, Any], found: object) -> str | None:
    """Why what an entry names must not be loaded; None for what may."""
    if not isinstance(found, str):
        return FOREIGN
    if found in PLAIN and "module" not in entry:
        return None
    if found in REFUSED or found in REMEDIES:
        return REFUSED.get(found) or REMEDIES[found]
    module = entry.get("module")
    if found == "function":
        named = entry.get("config")
        return None if module == "builtins" and isinstance(named, str) and named in _functions() else FOREIGN
    its_own = entry.get("registered_name") in (None, found)
    at_home = module is None or (isinstance(module, str) and module.removeprefix("tf_") in MODULES)
    return None if found in _classes() and its_own and at_home else FOREIGN


@cache
def _classes() -> frozenset[str]:
    """Names of the built-in classes that a model may be made of."""
    keras = session().keras
    found = {name for each in NAMESPACES for name, _ in inspect.getmembers(getattr(keras, each), inspect.isclass)}
    return frozenset(found.union(MODELS) - REFUSED.keys())


@cache
def _functions() -> frozenset[str]:
    """Names of the built-in activations."""
    found = inspect.getmembers(session().keras.activations, inspect.isfunction)
    return frozenset(name for name, _ in found) - {"deserialize", "get", "serialize"}


def _dicts(value: object) -> Iterator[Mapping[str, Any]]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield current
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
