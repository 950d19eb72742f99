from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from converters.errors import ConverterError, UnsupportedOp
from converters.numpy_reference import run, unsupported_ops
from converters.tflite_file import parse

# Share of a user's score range (shared/design.md: what "agree" means); float32 to rounding.
TOLERANCE = {"float32": 1e-5, "float16": 1e-5, "hybrid": 0.01, "dynamic_int8": 0.01, "full_int8": 0.05}
MODELS = [f"history_{kind}" for kind in ("float32", "hybrid", "full_int8")] + [
    f"converted_{model}_{kind}"
    for model in ("gru", "attention")
    for kind in ("float32", "float16", "dynamic_int8", "full_int8")
]


def histories(model: str, rows: int) -> dict[str, Any]:
    items = 71 if model.startswith("converted") else 31
    return {"history": np.random.default_rng(7).integers(0, items, (rows, 5)).astype(np.int32)}


@pytest.mark.parametrize("delegates", [True, False])
def test_every_model_agrees_with_litert(litert: Any, load: Callable[[str], bytes], delegates: bool) -> None:
    answers = litert([(load(model), histories(model, 200)) for model in MODELS], delegates=delegates)
    shares = {}
    for model, answer in zip(MODELS, answers, strict=True):
        ours = run(parse(load(model), model), histories(model, 200))["scores"]
        theirs = answer["scores"]
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        shares[model] = (np.abs(ours - theirs).max(axis=1) / np.ptp(theirs, axis=1)).max()
    limits = {model: TOLERANCE[model.split("_", 1 if model.startswith("history") else 2)[-1]] for model in MODELS}
    assert {model: share for model, share in shares.items() if share > limits[model]} == {}


@pytest.mark.parametrize("model", MODELS)
def test_a_batch_is_its_rows(load: Callable[[str], bytes], model: str) -> None:
    file, inputs = parse(load(model)), histories(model, 9)
    together = run(file, inputs)["scores"]
    apart = [run(file, {"history": row[None]})["scores"][0] for row in inputs["history"]]
    step = np.ptp(together, axis=1, keepdims=True) * (0.03 if "int8" in model else 1e-5)
    assert (np.abs(together - np.array(apart)) <= step).all()


def test_constants_that_are_given_stand_for_those_that_are_stored(load: Callable[[str], bytes]) -> None:
    file = parse(load("converted_gru_float32"))
    inputs, tensors = histories("converted_gru", 4), file.subgraphs[0].tensors
    table = next(place for place, tensor in enumerate(tensors) if tensor.shape == (71, 16))
    stored = np.frombuffer(file.constant(tensors[table]), np.float32).reshape(71, 16)
    same = run(file, inputs, constants={table: stored})["scores"]
    np.testing.assert_array_equal(same, run(file, inputs)["scores"])
    other = run(file, inputs, constants={table: stored[::-1]})["scores"]
    np.testing.assert_array_equal(other, run(file, {"history": 70 - inputs["history"]})["scores"])


def test_signatures_are_called_by_name(load: Callable[[str], bytes], maker: ModuleType) -> None:
    file, (table, _, _) = parse(load("two_signatures")), maker.weights()
    found = run(file, {"item": np.array([3, 30], np.int32)}, "item")["vector"]
    np.testing.assert_array_equal(found, table[[3, 30]])
    with pytest.raises(
        ConverterError, match="got the signature 'serving_default', expected one of the file's: 'user', 'item'"
    ):
        run(file, {"item": np.array([3], np.int32)})


def test_an_unknown_operator_is_named(load: Callable[[str], bytes]) -> None:
    file = parse(load("unknown_op"), "odd.tflite")
    assert unsupported_ops(file) == ("FlexErf", "Mystery")
    with pytest.raises(UnsupportedOp, match=r"odd\.tflite: the operator Mystery is not evaluated here"):
        run(file, {"value": np.zeros((1, 4), np.float32)})


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({}, r"got the inputs \[\], expected \['history'\]"),
        ({"user": np.zeros((1, 5), np.int32)}, r"got the inputs \['user'\]"),
        ({"history": np.zeros((2, 4), np.int32)}, r"got the shape \[2, 4\], expected \['rows', 5\]"),
        ({"history": np.zeros(5, np.int32)}, r"got the shape \[5\]"),
        ({"history": np.full((1, 5), 31, np.int32)}, "got the id 31, expected ids from 0 to 30"),
        ({"history": np.full((1, 5), -1, np.int32)}, "got the id -1, expected ids from 0 to 30"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(load: Callable[[str], bytes], inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(ConverterError, match=says):
        run(parse(load("history_float32")), inputs)


def test_an_operator_that_its_inputs_do_not_fit_is_one_sentence(maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    left, total = graph.tensor("left", (1, 3)), graph.tensor("total", (1, 3))
    graph.op("ADD", [left, graph.constant("right", np.zeros(2, np.float32))], [total], options="AddOptions")
    graph.signature({"left": left}, {"total": total})
    with pytest.raises(ConverterError, match=r"operator 0 \(ADD\) cannot be evaluated on its inputs"):
        run(parse(builder.pack()), {"left": np.zeros((1, 3), np.float32)})


def test_an_output_that_nothing_computes_is_refused(maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    left, total = graph.tensor("left", (1, 3)), graph.tensor("total", (1, 3))
    graph.signature({"left": left}, {"total": total})
    with pytest.raises(ConverterError, match="the output 'total' of 'serving_default' is computed by no operator"):
        run(parse(builder.pack()), {"left": np.zeros((1, 3), np.float32)})


def test_thousands_of_users_are_one_pass(load: Callable[[str], bytes]) -> None:
    scores = run(parse(load("converted_gru_full_int8")), histories("converted", 4333))["scores"]
    assert scores.shape == (4333, 70)


def test_quantized_inputs_and_outputs_are_the_integers_a_runtime_takes(maker: ModuleType, litert: Any) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    left = graph.tensor("left", (1, 4), "INT8", scales=(0.1,), zero_point=5)
    total = graph.tensor("total", (1, 4), "INT8", scales=(0.3,), zero_point=-7)
    graph.op("ADD", [left, left], [total], version=2, options="AddOptions")
    graph.signature({"left": left}, {"total": total})
    inputs = {"left": np.array([[-128, -3, 5, 127]], np.int8)}
    (answer,) = litert([(builder.pack(), inputs)])
    ours = run(parse(builder.pack()), inputs)["total"]
    assert ours.dtype == answer["total"].dtype == np.int8
    assert np.abs(ours.astype(int) - answer["total"]).max() <= 1


def test_a_shape_recorded_for_a_batch_of_one_takes_the_batch(maker: ModuleType) -> None:
    builder = maker.Builder()
    graph = builder.graph()
    value, turned = graph.tensor("value", (1, 2, 3)), graph.tensor("turned", (1, 6))
    graph.op(
        "RESHAPE", [value, graph.constant("shape", np.array([1, 6], np.int32))], [turned], options="ReshapeOptions"
    )
    graph.signature({"value": value}, {"turned": turned})
    rows = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    np.testing.assert_array_equal(run(parse(builder.pack()), {"value": rows})["turned"], rows.reshape(4, 6))
