"""One-operator models with known answers: products with, lookups in, and unpacking of stored weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from converters import tflite_file
from converters.graph_writer import GraphWriter
from converters.probes.weights import COLUMNS, ROWS, SEED, Array, Weights, random
from converters.weight_use import WeightUse, weight_uses

ANY_VERSION = 0x5A5A5A5A
"""Stands in a model for the version of the operator that is asked."""

_BATCHES = (1, 3)
# Products with integer weights round their float input to 8 bits: ten times what that explains, over a row's length.
_HYBRID, _EXACT, _LOOKED_UP = 0.06, 1e-3, 1e-3
_ROUNDED = 1.6  # steps of an integer output
_BEHIND = {"INT4", "INT2"}  # whose numbers no runtime gives as an output
_WIDENED = {"FLOAT16": "DEQUANTIZE", "INT8": "DEQUANTIZE", "INT32": "CAST"}
_INTEGERS = {"INT8": (np.int8, 2.0**-5, -128), "INT16": (np.int16, 2.0**-13, -32768)}


@dataclass(frozen=True, eq=False)
class Trial:
    """An input, the right answer, and how far off each number of an answer may be and still be right."""

    given: Array
    right: Array
    allowed: Array


@dataclass(frozen=True, eq=False)
class Probe:
    """How weights are read in a model, the model, and what it is tried on, batch by batch."""

    use: WeightUse
    model: bytes
    trials: tuple[Trial, ...]


def fully_connected(weights: Weights, *, asymmetric: bool = False, bias: bool = False) -> Probe:
    """Return a dense layer on float32."""

    def build(writer: GraphWriter) -> None:
        given = writer.input("x", (-1, weights.real.shape[1]))
        writer.output("y", _dense(writer, given, weights.tensor(writer), weights, asymmetric=asymmetric, bias=bias))

    return _probe("FULLY_CONNECTED", build, _products(weights, bias=bias))


def batch_matmul(weights: Weights, *, asymmetric: bool = False) -> Probe:
    """Return a product with weights [rows, columns] that an option turns."""

    def build(writer: GraphWriter) -> None:
        given = writer.input("x", (-1, COLUMNS))
        inputs, asked = [given, weights.tensor(writer)], int(asymmetric)
        shape = (-1, ROWS)
        made = writer.apply(
            "BATCH_MATMUL", inputs, shape, version=ANY_VERSION, adj_y=1, asymmetric_quantize_inputs=asked
        )
        writer.output("y", made)

    return _probe("BATCH_MATMUL", build, _products(weights))


def in_integers(weights: Weights, dtype: str, *, bias: bool = False, told: str = "") -> Probe:
    """Return a dense layer whose input and output are integers, INT8 or INT16, with a scale each.

    `told` is the type of a bias, where the file tells it beside the layer.
    """
    kind, step, low = _INTEGERS[dtype]
    high = -low - 1
    given = [np.clip(np.round(random(batch, COLUMNS) / step), -high, high).astype(kind) for batch in _BATCHES]
    added, scales = _integer_bias(weights, step) if bias else (np.zeros(ROWS, np.int64), np.ones(1))
    right = [(one * step) @ weights.real.T.astype(np.float64) + added * scales for one in given]
    out_step = float(np.float32(max(float(np.abs(one).max()) for one in right) / high))

    def build(writer: GraphWriter) -> None:
        integers = writer.input("x", (-1, COLUMNS), dtype)
        writer.subgraph.tensors[integers].quantization = writer.quantization([step])
        inputs = [integers, weights.tensor(writer), -1]
        if bias:
            width = np.dtype(np.int64 if dtype == "INT16" else np.int32)
            inputs[2] = writer.constant(added.astype(width), width.name.upper(), (ROWS,), scales=scales.tolist())
        options = {"quantized_bias_type": int(getattr(writer.schema.TensorType, told))} if told else {}
        shape = (-1, ROWS)
        made = writer.apply("FULLY_CONNECTED", inputs, shape, dtype, version=ANY_VERSION, scales=[out_step], **options)
        writer.output("y", made)

    trials = [Trial(x, y / out_step, np.full(y.shape, _ROUNDED)) for x, y in zip(given, right, strict=True)]
    return _probe("FULLY_CONNECTED", build, trials)


def _integer_bias(weights: Weights, step: float) -> tuple[Array, Array]:
    """Return a bias on the grid of the products, and its scales: one, or one a row."""
    scales = np.array(weights.scales) * step
    return np.round(_bias(weights) / scales).astype(np.int64), scales


def _bias(weights: Weights) -> Array:
    """Return a bias as large as the products, so that one left out is seen."""
    added: Array = (random(ROWS) * np.linalg.norm(weights.real, axis=1)).astype(np.float32)
    return added


def lookup(op: str, weights: Weights, *, makes: str) -> Probe:
    """Return a lookup of rows by GATHER or EMBEDDING_LOOKUP: real numbers, or the stored ones as they are."""
    columns, real = weights.real.shape[1], makes.startswith("FLOAT") or makes in _BEHIND
    trials = []
    for batch in _BATCHES:
        ids = np.random.default_rng([SEED, batch]).integers(0, ROWS, batch).astype(np.int32)
        right = (weights.real if real else weights.stored)[ids].astype(np.float64)
        trials.append(Trial(ids, right, np.full(right.shape, _LOOKED_UP)))

    def build(writer: GraphWriter) -> None:
        ids, table = writer.input("ids", (-1,), "INT32"), weights.tensor(writer)
        inputs = [table, ids] if op == "GATHER" else [ids, table]
        scales = () if makes.startswith("FLOAT") else weights.scales[:1]
        made = writer.apply(op, inputs, (-1, columns), makes, version=ANY_VERSION, scales=scales)
        writer.output("y", writer.apply("DEQUANTIZE", [made], (-1, columns)) if makes in _BEHIND else made)

    return _probe(op, build, trials)


def unpacked(op: str, weights: Weights, *, makes: str = "FLOAT32") -> Probe:
    """Return DEQUANTIZE, CAST or DENSIFY of weights, and a dense layer in float32 on what it makes."""
    read = Weights("FLOAT32", weights.stored, weights.real)
    shape = (ROWS, COLUMNS)

    def build(writer: GraphWriter) -> None:
        given, scales = writer.input("x", (-1, COLUMNS)), weights.scales if makes == "INT8" else ()
        made = writer.apply(op, [weights.tensor(writer)], shape, makes, version=ANY_VERSION, scales=scales)
        if makes in _WIDENED:
            made = writer.apply(_WIDENED[makes], [made], shape)
        writer.output("y", writer.apply("FULLY_CONNECTED", [given, made, -1], (-1, ROWS)))

    return _probe(op, build, _products(read))


def densified(weights: Weights, *, asymmetric: bool = False, bias: bool = False) -> Probe:
    """Return a dense layer on weights that DENSIFY makes of sparse ones."""

    def build(writer: GraphWriter) -> None:
        given, shape = writer.input("x", (-1, COLUMNS)), (ROWS, COLUMNS)
        made = writer.apply("DENSIFY", [weights.tensor(writer)], shape, weights.dtype, scales=weights.scales)
        writer.output("y", _dense(writer, given, made, weights, asymmetric=asymmetric, bias=bias))

    return _probe("FULLY_CONNECTED", build, _products(weights, bias=bias))


def _dense(writer: GraphWriter, given: int, tensor: int, weights: Weights, *, asymmetric: bool, bias: bool) -> int:
    inputs, asked = [given, tensor, writer.constant(_bias(weights)) if bias else -1], int(asymmetric)
    return writer.apply("FULLY_CONNECTED", inputs, (-1, ROWS), version=ANY_VERSION, asymmetric_quantize_inputs=asked)


def _products(weights: Weights, *, bias: bool = False) -> list[Trial]:
    length = np.linalg.norm(weights.real.astype(np.float64), axis=1)[None]
    trials = []
    for batch in _BATCHES:
        given = random(batch, weights.real.shape[1])
        right = given.astype(np.float64) @ weights.real.T.astype(np.float64) + (_bias(weights) if bias else 0)
        trials.append(Trial(given, right, np.repeat(length * (_EXACT if weights.is_float else _HYBRID), batch, axis=0)))
    return trials


def _probe(op: str, build: Callable[[GraphWriter], None], trials: Sequence[Trial]) -> Probe:
    writer = GraphWriter()
    build(writer)
    model = writer.pack()
    found = weight_uses(tflite_file.parse(model))
    (use,) = {one.weights for one in found if (one.weights.op, one.version) == (op, ANY_VERSION)}
    return Probe(use, model, tuple(trials))
