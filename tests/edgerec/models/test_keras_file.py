import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgerec.models import keras_file
from edgerec.models.keras_file import model_of
from edgerec.models.recommender import ModelError

SUFFIXES = (".keras", ".h5")
Save = Callable[[Any, Path], Path]
Reconfigure = Callable[[Path, Callable[[dict[str, Any]], None]], Path]


@pytest.fixture(scope="module")
def small(keras: Any) -> Any:
    user = keras.Input((), dtype="int32", name="user")
    vector = keras.layers.Dense(3, activation="relu", name="deep")(keras.layers.Embedding(5, 2, name="users")(user))
    return keras.Model(user, keras.layers.Dense(4, name="scores")(vector), name="small")


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"model{request.param}"


def refusal(path: Path) -> str:
    """One sentence that begins with the name given."""
    with pytest.raises(ModelError) as refused:
        model_of(path.read_bytes(), "it")
    message = str(refused.value)
    assert message.startswith("it: ")
    assert "\n" not in message
    return message


def test_a_file_gives_its_model(small: Any, path: Path, saved: Save) -> None:
    found = model_of(saved(small, path).read_bytes(), "it")
    assert np.array_equal(found(np.arange(5)), small(np.arange(5)))


def rich(keras: Any) -> Any:
    """A model of many built-in layers, wrapped, nested, regularized, in mixed precision, with masks and cells."""
    layers = keras.layers
    history, user = (keras.Input(shape, dtype="int32", name=name) for name, shape in (("past", (4,)), ("user", (1,))))
    steps = layers.Embedding(9, 4, mask_zero=True, embeddings_constraint="unit_norm")(history)
    inner = keras.Sequential([layers.Input((4, 4)), layers.Dense(4, activation="gelu"), layers.LayerNormalization()])
    inner.compile("adam", "mse")
    steps = layers.TimeDistributed(layers.Dense(4, kernel_regularizer="l2"))(inner(steps))
    steps = layers.MultiHeadAttention(2, 2)(steps, steps)
    state = layers.Concatenate()(
        [
            layers.Bidirectional(layers.LSTM(3, unroll=True))(steps),
            layers.RNN(layers.GRUCell(2, recurrent_initializer=keras.initializers.Identity()))(steps),
            layers.Flatten()(layers.Embedding(6, 2)(user)),
        ]
    )
    state = layers.BatchNormalization()(layers.Activation(keras.activations.swish)(state))
    model = keras.Model([history, user], layers.Dense(8, activation="softmax", dtype="float32")(state))
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_built_in_layers_of_every_kind_are_taken(path: Path, saved: Save, keras: Any) -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = rich(keras)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    found = model_of(saved(model, path).read_bytes(), "it")
    fed = [np.array([[0, 1, 2, 8]]), np.array([[5]])]
    assert np.allclose(found(fed), model(fed), atol=1e-3)


def test_a_loss_of_ones_own_does_not_matter(path: Path, saved: Save, keras: Any) -> None:
    def mine(target: Any, output: Any) -> Any:
        return target - output

    user = keras.Input((), dtype="int32", name="user")
    model = keras.Model(user, keras.layers.Dense(4)(keras.layers.Embedding(5, 2)(user)))
    model.compile("sgd", mine)
    assert model_of(saved(model, path).read_bytes(), "it").count_params() == model.count_params()


@pytest.mark.parametrize("data", [b"", b"PK", b"\x1c\x00\x00\x00TFL3", b"not a model at all", b"\x89HDF"])
def test_what_is_no_model_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert "expected a .keras (PK) or .h5 (HDF) model of legacy Keras" in refusal(path)


def test_a_file_cut_short_is_refused(small: Any, path: Path, saved: Save) -> None:
    whole = saved(small, path).read_bytes()
    for length in (8, 9, 100, 800, len(whole) // 2, len(whole) - 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert re.search("cut short", refusal(path)), length


def test_a_file_of_weights_alone_is_refused(small: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    small.save_weights(path)
    assert "holds weights and no layers: save the whole model, by model.save" in refusal(path)


def test_weights_that_do_not_fit_or_are_damaged_are_refused(
    small: Any, path: Path, saved: Save, reconfigured: Any
) -> None:
    def wider(config: dict[str, Any]) -> None:
        config["config"]["layers"][1]["config"]["input_dim"] = 6

    reconfigured(saved(small, path), wider)
    assert "legacy Keras cannot build the model: " in refusal(path)


def test_a_damaged_member_is_refused(small: Any, tmp_path: Path, saved: Save) -> None:
    path = saved(small, tmp_path / "x.keras")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("model.weights.h5").header_offset + 200
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert "legacy Keras cannot build the model: Bad CRC-32" in refusal(path)


def test_an_architecture_of_gigabytes_is_not_inflated(small: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", '{"keras_version": "2.21.0"}')
        archive.writestr("config.json", b" " * (keras_file.CONFIG_BYTES + 1))
    assert path.stat().st_size < 1 << 20
    assert "config.json is larger than any architecture" in refusal(path)


@pytest.mark.parametrize("config", ["[1]", "{}", '{"class_name": "Dense"}', "null", "{", "[" * 100_000])
def test_an_architecture_that_is_none_is_refused(config: str, small: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "2.21.0"}')
        archive.writestr("config.json", config)
    refusal(path)


def test_a_model_of_keras_3_is_refused_with_the_way_back(tmp_path: Path, keras: Any) -> None:
    code = (
        "import keras\n"
        "model = keras.Sequential([keras.layers.Input((), dtype='int32', name='user'), keras.layers.Embedding(5, 2)])\n"
        "model.save('three.keras')\n"
        "import warnings, logging; logging.disable(logging.CRITICAL); model.save('three.h5')\n"
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_HOME": str(tmp_path)}
    environment.pop("TF_USE_LEGACY_KERAS", None)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    for name in ("three.keras", "three.h5"):
        told = refusal(tmp_path / name)
        assert re.search(r"made by Keras 3\.\d+\.\d+, and TF-MOT takes legacy Keras", told), name
        assert "build the model with TF_USE_LEGACY_KERAS=1, load its weights and save it again" in told


def lambdas(keras: Any, mark: Path) -> dict[str, Any]:
    """Models that write a file when they are run, by where they hide that."""
    layers = keras.layers

    def writer() -> Any:
        return layers.Lambda(lambda x, where=str(mark): (open(where, "w").close(), x)[1], name="writer")  # noqa: PTH123

    given = keras.Input((4, 3), name="history")
    inner = keras.Sequential([layers.Input((4, 3)), writer()], name="inner")
    return {
        "plain": keras.Model(given, layers.Dense(2)(writer()(given))),
        "nested": keras.Model(given, layers.Dense(2)(inner(given))),
        "wrapped": keras.Model(given, layers.TimeDistributed(writer())(given)),
    }


@pytest.mark.parametrize("where", ["plain", "nested", "wrapped"])
def test_code_in_a_lambda_is_refused_and_never_run(
    where: str, path: Path, saved: Save, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = path.with_name("mark")
    saved(lambdas(keras, mark)[where], path)
    assert mark.exists()  # building it ran it
    mark.unlink()
    told = refusal(path)
    assert "layer 'writer' is a Lambda, which holds code that loading would run; rebuild it" in told
    assert not mark.exists()
    if path.suffix == ".h5":  # without the look into its architecture it would have been run
        monkeypatch.setattr(keras_file, "_refuse_foreign", lambda *_: None)
        model_of(path.read_bytes(), "it")
        assert mark.exists()


def test_a_tensorflow_function_called_by_name_is_refused(path: Path, saved: Save, keras: Any) -> None:
    user = keras.Input((), dtype="int32", name="user")
    vector = keras.layers.Embedding(5, 2)(user)
    saved(keras.Model(user, vector + vector), path)
    assert "is a TFOpLambda, which calls a TensorFlow function by name; use a layer for it: Add" in refusal(path)


def test_a_layer_of_ones_own_is_refused_by_name(path: Path, saved: Save, keras: Any) -> None:
    class Doubled(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, inputs: Any) -> Any:
            return inputs * 2

    user = keras.Input((), dtype="int32", name="user")
    saved(keras.Model(user, Doubled(name="twice")(keras.layers.Embedding(5, 2)(user))), path)
    assert "layer 'twice' is a Doubled, which is no built-in layer of legacy Keras" in refusal(path)


def test_a_wrapper_of_tfmot_is_refused_with_the_call_that_strips_it(path: Path, saved: Save, keras: Any) -> None:
    from edgerec.models.session import session

    user = keras.Input((), dtype="int32", name="user")
    prune = session().tfmot.sparsity.keras.prune_low_magnitude
    saved(keras.Model(user, prune(keras.layers.Embedding(5, 2))(user)), path)
    assert "a PruneLowMagnitude, which is TF-MOT's wrapper; call tfmot.sparsity.keras.strip_pruning" in refusal(path)


def test_layers_that_read_files_are_refused(path: Path, saved: Save, keras: Any, reconfigured: Reconfigure) -> None:
    layer = {"class_name": "IntegerLookup", "config": {"name": "look", "vocabulary": "/etc/passwd"}}
    user = keras.Input((), dtype="int32", name="user")
    saved(keras.Model(user, keras.layers.Embedding(5, 2)(user)), path)
    reconfigured(path, lambda config: config["config"]["layers"].append(layer))
    assert "layer 'look' is a IntegerLookup, which reads a file that the model names" in refusal(path)


def named(entry: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def edit(config: dict[str, Any]) -> None:
        config["config"]["layers"][2]["config"]["kernel_initializer"] = entry

    return edit


FOREIGN = [
    {"module": "evil", "class_name": "Zeros", "config": {}, "registered_name": None},
    {"module": "evil", "class_name": "Zeros", "config": {}, "registered_name": "Zeros"},
    {"module": "keras.evil", "class_name": "Zeros", "config": {}, "registered_name": None},
    {"module": ["evil"], "class_name": "Zeros", "config": {}, "registered_name": None},
    {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": "my>Zeros"},
    {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": ["my>Zeros"]},
    {"module": "keras.initializers", "class_name": ["Zeros"], "config": {}},
    {"module": "keras.utils", "class_name": "get_file", "config": {}, "registered_name": None},
    {"module": "evil", "class_name": "function", "config": "run", "registered_name": "run"},
    {"module": "builtins", "class_name": "function", "config": "breakpoint", "registered_name": "breakpoint"},
    {"module": "builtins", "class_name": "function", "config": ["relu"], "registered_name": "relu"},
    {"module": "keras.activations", "class_name": "function", "config": "get", "registered_name": "get"},
    {"module": "builtins", "class_name": "function", "config": "deserialize", "registered_name": "deserialize"},
    {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
    {"class_name": "__typespec__", "spec_name": "run", "module": "evil", "registered_name": None, "config": []},
    {"class_name": "TypeSpec", "type_spec": "evil", "serialized": [], "config": {}},
    {"class_name": "__tuple__", "module": "evil", "config": {}, "items": []},
    {"class_name": "my>Zeros", "config": {}},
]


@pytest.mark.parametrize("entry", FOREIGN, ids=lambda entry: json.dumps(entry)[:60])
def test_a_name_that_leads_out_of_keras_is_refused_before_anything_is_imported(
    *,
    entry: dict[str, Any],
    small: Any,
    path: Path,
    saved: Save,
    reconfigured: Reconfigure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mark = path.with_name("mark")
    path.with_name("evil.py").write_text(f"open({str(mark)!r}, 'w').close()\nclass Zeros: pass\ndef run(*_): pass\n")
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.delitem(sys.modules, "evil", raising=False)
    reconfigured(saved(small, path), named(entry))
    assert "which is no built-in layer of legacy Keras, and loading it would run other code" in refusal(path)
    assert "evil" not in sys.modules
    assert not mark.exists()


def test_without_that_a_module_would_be_imported(
    small: Any, tmp_path: Path, saved: Save, reconfigured: Reconfigure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above guards against is real."""
    mark = tmp_path / "mark"
    (tmp_path / "evil.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "evil", raising=False)
    path = reconfigured(saved(small, tmp_path / "model.keras"), lambda config: config.update(module="evil"))
    assert "layer 'small' is a Functional, which is no built-in layer" in refusal(path)
    assert not mark.exists()
    monkeypatch.setattr(keras_file, "_refuse_foreign", lambda *_: None)
    with pytest.raises(ModelError, match="legacy Keras cannot build"):
        model_of(path.read_bytes(), "it")
    assert mark.exists()
