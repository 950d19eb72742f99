"""Conversions by TensorFlow itself, the files run in both device runtimes."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converters import tflite_file
from converters.anatomy import anatomy
from converters.errors import ConversionFailed, Misfit
from converters.fit import refuse_misfit
from converters.keras_to_tflite import convert
from converters.spec import ConversionSpec
from device_tests.ranking import top_k

USERS, ITEMS, LENGTH, COLUMNS = 70, 90, 4, 16
KINDS = ("mf", "neumf", "gru", "attention", "two_towers")
PRECISIONS = ("float32", "float16", "dynamic_int8", "full_int8")
TOLERANCE = {"float32": 1e-4, "float16": 0.01, "dynamic_int8": 0.05, "full_int8": 0.15}  # of a row's range of scores

InRuntimes = Callable[[bytes, dict[str, Any]], dict[str, np.ndarray]]
Inputs = dict[str, np.ndarray]
Serve = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def served(keras: Any) -> Callable[[str], Any]:
    """Give what ships of an untrained model of a kind, its tables wide enough to make scores differ."""
    from edgerec.models import reference
    from edgerec.models.serving import serving
    from edgerec.models.session import session

    features = np.random.default_rng(2).normal(size=(ITEMS, 5)).astype(np.float32)
    builders: Mapping[str, Callable[[], Any]] = {
        "mf": lambda: reference.matrix_factorization(USERS, ITEMS, columns=COLUMNS),
        "neumf": lambda: reference.neumf(USERS, ITEMS, columns=COLUMNS),
        "gru": lambda: reference.gru(ITEMS, length=LENGTH, columns=COLUMNS),
        "attention": lambda: reference.attention(ITEMS, length=LENGTH, columns=COLUMNS),
        "two_towers": lambda: reference.two_towers(USERS, features, columns=COLUMNS),
    }

    @cache
    def of(kind: str) -> Any:
        session().seed(3)
        recommender = builders[kind]()
        for weight in recommender.model.weights:
            if "embeddings" in weight.name:
                weight.assign(weight * 20)
            if "bias" in weight.name:
                weight.assign(np.random.default_rng(4).normal(size=weight.shape) * 0.1)
        return serving(recommender)

    return of


@pytest.fixture(scope="module")
def saved_model(served: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    from edgerec.compress.conversion import export

    @cache
    def of(kind: str) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        export(served(kind), folder)
        return folder

    return of


@pytest.fixture(scope="module")
def real_inputs(served: Callable[[str], Any]) -> Callable[..., Inputs]:
    def of(kind: str, rows: int, *, seed: int = 0) -> Inputs:
        random = np.random.default_rng(seed)
        return {
            entry.name: random.integers(0, entry.ids, (rows, entry.length) if entry.length else rows, dtype=np.int32)
            for entry in served(kind).roles.inputs
        }

    return of


@pytest.fixture(scope="module")
def converted(saved_model: Callable[[str], Path], real_inputs: Callable[..., Inputs]) -> Callable[[str, str], bytes]:
    @cache
    def of(kind: str, precision: str) -> bytes:
        return convert(saved_model(kind), ConversionSpec(precision), real_inputs(kind, 200, seed=1))

    return of


@pytest.fixture
def exported(keras: Any, tmp_path: Path) -> Callable[..., Path]:
    """Export a function of `history` as a SavedModel."""
    from edgerec.models.session import session

    tf = session().tf

    def export(serve: Serve, shape: tuple[int | None, ...] = (None, LENGTH), model: Any = None) -> Path:
        module = tf.Module()
        module.model = model
        module.serve = tf.function(serve, input_signature=[tf.TensorSpec(shape, tf.int32, name="history")])
        tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.serve})
        return tmp_path

    return export


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_answers_in_both_runtimes_as_keras_does(  # noqa: PLR0917 - fixtures
    converted: Callable[[str, str], bytes],
    served: Callable[[str], Any],
    real_inputs: Callable[..., Inputs],
    in_runtimes: InRuntimes,
    kind: str,
    precision: str,
) -> None:
    inputs = real_inputs(kind, 256)
    expected = np.asarray(served(kind).model(inputs, training=False))
    span = np.ptp(expected, axis=None if kind == "neumf" else 1, keepdims=True)
    for runtime, scores in in_runtimes(converted(kind, precision), inputs).items():
        assert scores.shape == expected.shape
        assert (np.abs(scores - expected) / span).max() < TOLERANCE[precision], runtime
        if precision == "float32" and kind != "neumf":
            assert np.array_equal(top_k(scores, 10), top_k(expected, 10)), runtime


@pytest.mark.parametrize("kind", KINDS)
def test_the_batch_axis_is_free_and_no_other(converted: Callable[[str, str], bytes], kind: str) -> None:
    for precision in PRECISIONS:
        file = tflite_file.parse(converted(kind, precision))
        (signature,) = file.signatures
        assert signature.key == "serving_default"
        assert set(signature.outputs) == {"scores"}
        for index in (*signature.inputs.values(), *signature.outputs.values()):
            tensor = file.subgraphs[0].tensors[index]
            assert tensor.shape[0] == 1
            assert tensor.shape_signature == (-1, *tensor.shape[1:])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_known_to_its_runtime_and_says_so(converted: Callable[[str, str], bytes], kind: str) -> None:
    for precision in PRECISIONS:
        file = tflite_file.parse(converted(kind, precision))
        oldest = anatomy(file).oldest_runtime
        assert oldest
        assert tuple(map(int, oldest.split("."))) <= (2, 14, 0)
        assert file.min_runtime_version == oldest


@pytest.mark.parametrize("kind", KINDS)
def test_full_int8_scores_are_float_and_more_than_256(
    converted: Callable[[str, str], bytes], real_inputs: Callable[..., Inputs], in_runtimes: InRuntimes, kind: str
) -> None:
    for scores in in_runtimes(converted(kind, "full_int8"), real_inputs(kind, 256)).values():
        assert len(np.unique(scores)) > (200 if kind == "neumf" else 1000)


def test_the_order_of_representative_inputs_does_not_matter(
    saved_model: Callable[[str], Path], real_inputs: Callable[..., Inputs], converted: Callable[[str, str], bytes]
) -> None:
    """A list is read in the converter's own order, and ids of users would be looked up among the items."""
    inputs = real_inputs("neumf", 200, seed=1)
    swapped = dict(reversed(inputs.items()))
    assert list(swapped) != list(inputs)
    assert convert(saved_model("neumf"), ConversionSpec("full_int8"), swapped) == converted("neumf", "full_int8")
    others = {"user": inputs["item"] % USERS, "item": inputs["user"]}
    assert convert(saved_model("neumf"), ConversionSpec("full_int8"), others) != converted("neumf", "full_int8")


@pytest.mark.parametrize("precision", ["full_int8", "int16"])
@pytest.mark.parametrize("given", [None, {}])
def test_representative_inputs_are_asked_for(
    saved_model: Callable[[str], Path], precision: str, given: Inputs | None
) -> None:
    with pytest.raises(ConversionFailed, match=f"{precision} needs representative inputs and got none"):
        convert(saved_model("mf"), ConversionSpec(precision), given)


def test_another_free_axis_is_refused(exported: Callable[..., Path], keras: Any) -> None:
    from edgerec.models.session import session

    folder = exported(lambda history: {"scores": session().tf.cast(history, "float32") * 2}, (None, None))
    with pytest.raises(Misfit, match="only the batch axis may be free, but axis 1 of history is too"):
        convert(folder, ConversionSpec("float32"))


@pytest.mark.parametrize("shape", [(1, LENGTH), (None, LENGTH)], ids=["input", "output"])
def test_a_fixed_batch_is_refused(exported: Callable[..., Path], keras: Any, shape: tuple[int | None, int]) -> None:
    from edgerec.models.session import session

    tf = session().tf
    name = "history" if shape[0] else "scores"
    folder = exported(lambda history: {"scores": tf.reshape(tf.cast(history, "float32") * 2, (1, LENGTH))}, shape)
    with pytest.raises(Misfit, match=rf"the batch axis of {name} has size \(1,\) and signature \(1,\), expect"):
        convert(folder, ConversionSpec("float32"))


def test_ops_that_only_flex_serves_are_refused_by_name(exported: Callable[..., Path], keras: Any) -> None:
    from edgerec.models.session import session

    tf = session().tf

    def serve(history: Any) -> dict[str, Any]:
        x = tf.cast(history, "float32")
        return {"scores": tf.math.igamma(x + 1, x + 2) + tf.math.zeta(x + 2, x + 1)}

    with pytest.raises(
        ConversionFailed, match=r"refused float32: no built-in kernel serves tf.Igamma, tf.Zeta; replace the layer"
    ):
        convert(exported(serve), ConversionSpec("float32"))


def test_a_rolled_gru_is_refused_with_the_way_out(exported: Callable[..., Path], keras: Any) -> None:
    history = keras.Input((LENGTH,), dtype="int32", name="history")
    state = keras.layers.GRU(8)(keras.layers.Embedding(ITEMS, 8)(history))
    model = keras.Model(history, keras.layers.Dense(ITEMS)(state))
    folder = exported(lambda history: {"scores": model(history, training=False)}, model=model)
    with pytest.raises(ConversionFailed, match=r"tf.TensorListReserve; replace .* build it with unroll=True"):
        convert(folder, ConversionSpec("float32"))


def test_a_folder_that_is_no_saved_model_is_refused(tmp_path: Path, keras: Any) -> None:
    with pytest.raises(ConversionFailed, match="cannot be read as a SavedModel"):
        convert(tmp_path, ConversionSpec("float32"))


def test_a_file_that_needs_a_newer_runtime_is_refused(saved_model: Callable[[str], Path], keras: Any) -> None:
    """Left to itself the converter quantizes dense weights per channel: FULLY_CONNECTED 12, which is 2.17's."""
    from edgerec.models.session import session

    tf = session().tf
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model("mf")), signature_keys=["serving_default"])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    file = tflite_file.parse(bytes(converter.convert()))
    assert ("FULLY_CONNECTED", 12) in anatomy(file).ops
    with pytest.raises(Misfit, match=r"needs FULLY_CONNECTED 12 in tflite-runtime==2\.14\.0: .* versions 1 to 10"):
        refuse_misfit(file, "tflite-runtime==2.14.0")
    refuse_misfit(file, "ai-edge-litert==2.3.0")


def test_converting_twice_gives_the_same_bytes(
    saved_model: Callable[[str], Path], real_inputs: Callable[..., Inputs], converted: Callable[[str, str], bytes]
) -> None:
    for precision in ("float32", "dynamic_int8", "full_int8"):
        again = convert(saved_model("attention"), ConversionSpec(precision), real_inputs("attention", 200, seed=1))
        assert again == converted("attention", precision)
