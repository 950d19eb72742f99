"""Each operator beside LiteRT's own kernel, on a batch of three."""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from converters.numpy_reference import _KERNELS, run
from converters.numpy_reference.products import rounded_rows
from converters.tflite_file import parse

RNG = np.random.default_rng(11)
BATCH = 3


class X(NamedTuple):
    """An input of the model: values [batch, ...]."""

    values: Any


def real(*shape: int) -> X:
    return X(RNG.normal(size=(BATCH, *shape)).astype(np.float32))


def positive(*shape: int) -> X:
    return X(RNG.uniform(0.1, 3, size=(BATCH, *shape)).astype(np.float32))


def whole(top: int, *shape: int) -> X:
    return X(RNG.integers(0, top, size=(BATCH, *shape)).astype(np.int32))


def truth(*shape: int) -> X:
    return X(RNG.integers(0, 2, size=(BATCH, *shape)).astype(bool))


def ints(*values: int) -> Any:
    return np.array(values, np.int32)


def scalar(value: float) -> Any:
    return np.array(value, np.int32 if isinstance(value, int) else np.float32)


class Case(NamedTuple):
    op: str
    inputs: tuple[Any, ...]
    options: Mapping[str, Any] = MappingProxyType({})
    outputs: tuple[str, ...] = ("FLOAT32",)
    version: int = 1


F = "FLOAT32"
I = "INT32"  # noqa: E741
B = "BOOL"
STRIDED = {"options": "StridedSliceOptions"}
REDUCE = {"options": "ReducerOptions"}
TABLE = RNG.normal(size=(7, 4)).astype(np.float32)
KERNEL = RNG.normal(size=(5, 4)).astype(np.float32)

CASES = [
    *(Case(op, (real(4), real(4)), {"options": f"{op.title()}Options"}) for op in ("ADD", "SUB", "MUL")),
    Case("ADD", (real(2, 4), np.ones(4, np.float32)), {"options": "AddOptions", "fusedActivationFunction": 1}),
    Case("MUL", (real(4), real(4)), {"options": "MulOptions", "fusedActivationFunction": 2}),
    Case("SUB", (real(4), positive(4)), {"options": "SubOptions", "fusedActivationFunction": 3}),
    Case("ADD", (whole(9, 4), whole(9, 4)), {"options": "AddOptions"}, (I,)),
    Case("DIV", (real(4), positive(4)), {"options": "DivOptions"}),
    Case("ADD_N", (real(4), real(4), real(4))),
    Case("MAXIMUM", (real(4), real(4))),
    Case("MINIMUM", (real(4), real(1))),
    Case("POW", (positive(4), real(4))),
    Case("FLOOR_DIV", (real(4), positive(4)), version=2),
    Case("FLOOR_MOD", (X(RNG.integers(-9, 9, (BATCH, 4)).astype(np.int32)), scalar(4)), outputs=(I,)),
    Case("SQUARED_DIFFERENCE", (real(4), real(4))),
    *(Case(op, (whole(3, 8), whole(3, 8)), outputs=(B,)) for op in ("EQUAL", "NOT_EQUAL")),
    *(Case(op, (real(8), real(8)), outputs=(B,)) for op in ("LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")),
    *(Case(op, (truth(8), truth(8)), outputs=(B,)) for op in ("LOGICAL_AND", "LOGICAL_OR")),
    Case("LOGICAL_NOT", (truth(8),), outputs=(B,)),
    *(Case(op, (real(9),)) for op in ("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LOGISTIC", "NEG")),
    *(Case(op, (real(9),)) for op in ("RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "SIGN", "SIN", "TANH")),
    *(Case(op, (positive(9),)) for op in ("LOG", "RSQRT", "SQRT")),
    *(Case(op, (real(9),)) for op in ("SQUARE", "ZEROS_LIKE")),
    Case("GELU", (real(9),), {"options": "GeluOptions"}),
    Case("GELU", (real(9),), {"options": "GeluOptions", "approximate": True}),
    Case("LEAKY_RELU", (real(9),), {"options": "LeakyReluOptions", "alpha": 0.3}),
    Case("PRELU", (real(4), np.array([0.1, 0.2, 0.3, 0.4], np.float32))),
    Case("CAST", (whole(9, 4),), {"options": "CastOptions", "inDataType": 2, "outDataType": 0}),
    Case("CAST", (real(4),), {"options": "CastOptions", "inDataType": 0, "outDataType": 2}, (I,)),
    Case("DEQUANTIZE", (np.arange(4, dtype=np.float16),), version=3),
    Case("SELECT_V2", (truth(1), real(4), np.zeros(4, np.float32))),
    Case("SELECT", (truth(4), real(4), real(4))),
    Case("FULLY_CONNECTED", (real(4), KERNEL), {"options": "FullyConnectedOptions"}),
    Case(
        "FULLY_CONNECTED",
        (real(2, 4), KERNEL, np.arange(5, dtype=np.float32)),
        {"options": "FullyConnectedOptions", "keepNumDims": True, "fusedActivationFunction": 1},
        version=5,
    ),
    Case("BATCH_MATMUL", (real(2, 4), real(4, 3)), {"options": "BatchMatMulOptions"}),
    Case("BATCH_MATMUL", (real(4, 2), real(3, 4)), {"options": "BatchMatMulOptions", "adjX": True, "adjY": True}),
    Case("SOFTMAX", (real(2, 4),), {"options": "SoftmaxOptions", "beta": 1.5}),
    Case("LOG_SOFTMAX", (real(4),)),
    Case("L2_NORMALIZATION", (real(4),), {"options": "L2NormOptions"}),
    Case("GATHER", (TABLE, whole(7, 2)), {"options": "GatherOptions"}),
    Case("GATHER", (real(2, 4), ints(3, 0)), {"options": "GatherOptions", "axis": 2}),
    Case("EMBEDDING_LOOKUP", (whole(7), TABLE)),
    *(Case(op, (real(2, 4), ints(1)), REDUCE) for op in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD")),
    Case("MEAN", (real(2, 4), ints(2, 1)), {**REDUCE, "keepDims": True}),
    Case("REDUCE_ANY", (truth(2, 4), ints(1)), REDUCE, (B,)),
    Case("REDUCE_ALL", (truth(2, 4), ints(-1)), REDUCE, (B,)),
    *(
        Case(op, (real(6), scalar(1)), {"options": f"Arg{op[4:].title()}Options", "outputType": 2}, (I,))
        for op in ("ARG_MAX", "ARG_MIN")
    ),
    Case("TOPK_V2", (real(6), scalar(3)), {"options": "TopKV2Options"}, (F, I)),
    Case("CUMSUM", (real(6), scalar(1)), {"options": "CumsumOptions", "exclusive": True, "reverse": True}),
    Case("CUMSUM", (real(6), scalar(1)), {"options": "CumsumOptions"}),
    Case("RESHAPE", (real(2, 4), ints(-1, 8)), {"options": "ReshapeOptions"}),
    Case("RESHAPE", (real(2, 4),), {"options": "ReshapeOptions", "newShape": [-1, 4]}),
    Case("SQUEEZE", (real(1, 4, 1),), {"options": "SqueezeOptions", "squeezeDims": [1]}),
    Case("EXPAND_DIMS", (real(4), scalar(1))),
    Case("TRANSPOSE", (real(2, 4), ints(2, 0, 1))),
    Case("CONCATENATION", (real(2), real(3)), {"options": "ConcatenationOptions", "axis": -1}),
    Case("PACK", (real(2), real(2)), {"options": "PackOptions", "axis": 1, "valuesCount": 2}),
    Case("UNPACK", (real(2, 4),), {"options": "UnpackOptions", "axis": 1, "num": 2}, (F, F)),
    Case("SPLIT", (scalar(1), real(6)), {"options": "SplitOptions", "numSplits": 3}, (F, F, F)),
    Case("SPLIT_V", (real(6), ints(1, -1, 2), scalar(1)), {"options": "SplitVOptions", "numSplits": 3}, (F, F, F)),
    Case("SLICE", (real(6), ints(0, 2), ints(-1, 3))),
    Case("STRIDED_SLICE", (real(6), ints(0, 1), ints(0, 6), ints(1, 2)), {**STRIDED, "beginMask": 1, "endMask": 1}),
    Case(
        "STRIDED_SLICE",
        (real(6, 4), ints(0, -1, 3), ints(0, 0, 0), ints(1, 1, -1)),
        {**STRIDED, "beginMask": 1, "endMask": 5, "shrinkAxisMask": 2},
    ),
    Case("PAD", (real(2, 2), np.array([[0, 0], [1, 0], [0, 2]], np.int32))),
    Case("PADV2", (real(2), np.array([[0, 0], [1, 2]], np.int32), scalar(7.5))),
    Case("FILL", (ints(2, 3), scalar(1.5))),
    Case("RANGE", (scalar(1), scalar(9), scalar(3)), outputs=(I,)),
    Case("ONE_HOT", (whole(4, 2), scalar(4), scalar(1.0), scalar(0.0)), {"options": "OneHotOptions", "axis": -1}),
    Case("TILE", (real(2), ints(1, 3))),
    Case("BROADCAST_TO", (np.ones((1, 4), np.float32), ints(3, 4)), version=2),
    Case("BROADCAST_ARGS", (ints(3, 1), ints(1, 4)), outputs=(I,)),
    Case("REVERSE_V2", (real(2, 4), ints(1))),
    Case("SHAPE", (real(2, 4),), {"options": "ShapeOptions", "outType": 2}, (I,)),
    Case("RANK", (real(2, 4),), outputs=(I,)),
]
# A signature must have an input: models of constants alone get one that nothing reads.
COVERED_ELSEWHERE = {"QUANTIZE"}


def built(maker: ModuleType, case: Case) -> tuple[bytes, dict[str, Any]]:
    builder = maker.Builder()
    graph = builder.graph()
    indices, inputs, named = [], {}, {}
    for position, value in enumerate(case.inputs):
        if isinstance(value, X):
            name = f"x{position}"
            dtype = value.values.dtype.name.upper()
            named[name] = graph.tensor(name, (1, *value.values.shape[1:]), dtype)
            inputs[name] = value.values
            indices.append(named[name])
        else:
            indices.append(graph.constant(f"c{position}", value))
    if not named:
        named["unread"], inputs["unread"] = graph.tensor("unread", (1, 1)), np.zeros((BATCH, 1), np.float32)
    made = [graph.tensor(f"y{position}", (1,), dtype) for position, dtype in enumerate(case.outputs)]
    graph.op(case.op, indices, made, version=case.version, **case.options)
    graph.signature(named, {f"y{position}": index for position, index in enumerate(made)})
    return builder.pack(), inputs


def test_every_operator_does_what_litert_does(maker: ModuleType, litert: Any) -> None:
    cases = [built(maker, case) for case in CASES]
    for case, (model, inputs), theirs in zip(CASES, cases, litert(cases, delegates=False), strict=True):
        ours = run(parse(model, case.op), inputs)
        for name in theirs:
            assert ours[name].shape == theirs[name].shape, case
            assert ours[name].dtype == theirs[name].dtype, case
            np.testing.assert_allclose(ours[name], theirs[name], rtol=2e-5, atol=2e-6, err_msg=str(case))


def test_every_operator_is_tried() -> None:
    assert set(_KERNELS) == {case.op for case in CASES} | COVERED_ELSEWHERE


def quantized_pair(maker: ModuleType, op: str, **options: Any) -> tuple[bytes, dict[str, Any]]:
    """Return a model float -> QUANTIZE -> `op` on int8 -> DEQUANTIZE."""
    builder = maker.Builder()
    graph = builder.graph()
    value = graph.tensor("value", (1, 16))
    integers = graph.tensor("integers", (1, 16), "INT8", scales=(0.05,), zero_point=4)
    fixed = {"LOGISTIC": (1 / 256, -128), "SOFTMAX": (1 / 256, -128), "TANH": (1 / 128, 0)}
    scale, zero_point = fixed.get(op, (0.06, 1))
    made = graph.tensor("made", (1, 16), "INT8", scales=(scale,), zero_point=zero_point)
    back = graph.tensor("back", (1, 16))
    graph.op("QUANTIZE", [value], [integers])
    graph.op(op, [integers] * (2 if op in ("ADD", "SUB", "MUL") else 1), [made], version=2, **options)
    graph.op("DEQUANTIZE", [made], [back], version=2)
    graph.signature({"value": value}, {"back": back})
    return builder.pack(), {"value": RNG.normal(size=(50, 16)).astype(np.float32) * 2}


def test_integer_operators_are_within_one_step_of_litert(maker: ModuleType, litert: Any) -> None:
    ops = {
        "ADD": {"options": "AddOptions"},
        "SUB": {"options": "SubOptions"},
        "MUL": {"options": "MulOptions"},
        "LOGISTIC": {},
        "TANH": {},
        "SOFTMAX": {"options": "SoftmaxOptions", "beta": 1.0},
        "RELU": {},
    }
    cases = [quantized_pair(maker, op, **options) for op, options in ops.items()]
    for op, (model, inputs), theirs in zip(ops, cases, litert(cases, delegates=False), strict=True):
        file = parse(model)
        step = next(tensor.quantization.scales[0] for tensor in file.subgraphs[0].tensors if tensor.name == "made")
        steps = np.abs(run(file, inputs)["back"] - theirs["back"]) / step
        assert steps.max() < 1.01, op
        assert (steps > 0.5).mean() < 0.05, op


@pytest.mark.parametrize("asymmetric", [False, True])
def test_rows_of_a_hybrid_product_lie_on_256_steps(asymmetric: bool) -> None:
    rows = np.concatenate([RNG.normal(size=(20, 64)), RNG.uniform(3, 4, size=(5, 64)), np.zeros((1, 64))]).astype(
        np.float32
    )
    rounded = rounded_rows(rows, asymmetric=asymmetric)
    low, high = (np.minimum(rows.min(1), 0), np.maximum(rows.max(1), 0)) if asymmetric else (0, np.abs(rows).max(1))
    step = (high - low) / (255 if asymmetric else 127)
    assert (np.abs(rounded - rows) <= step[:, None] * 0.51 * (2 if asymmetric else 1)).all()
    assert (rounded[-1] == 0).all()
    assert max(len(np.unique(row)) for row in rounded) > 30


def test_a_cast_reads_the_integers_of_a_quantized_table(maker: ModuleType, litert: Any) -> None:
    """The portable codec: int8 rows, cast, times a float scale a row."""
    builder = maker.Builder()
    graph = builder.graph()
    ids = graph.tensor("ids", (1,), "INT32")
    table = graph.constant("table", RNG.integers(-128, 127, (7, 4)).astype(np.int8), scales=(0.5,))
    rows = graph.tensor("rows", (1, 4), "INT8", scales=(0.5,))
    cast = graph.tensor("cast", (1, 4))
    graph.op("GATHER", [table, ids], [rows], version=2, options="GatherOptions")
    graph.op("CAST", [rows], [cast], options="CastOptions", inDataType=9, outDataType=0)
    graph.signature({"ids": ids}, {"cast": cast})
    inputs = {"ids": np.array([6, 0, 3], np.int32)}
    (answer,) = litert([(builder.pack(), inputs)], delegates=False)
    np.testing.assert_array_equal(run(parse(builder.pack()), inputs)["cast"], answer["cast"])


@pytest.mark.parametrize("delegates", [False, True])
def test_hybrid_products_round_odd_rows_as_litert_does(maker: ModuleType, litert: Any, delegates: bool) -> None:
    """Rows of zeros, of one number, of one sign, very small and very large, beside ordinary ones."""
    builder = maker.Builder()
    graph = builder.graph()
    value, scores = graph.tensor("value", (1, 16)), graph.tensor("scores", (1, 9))
    weights = graph.constant("weights", RNG.integers(-127, 128, (9, 16)).astype(np.int8), scales=(0.02,))
    options = {"options": "FullyConnectedOptions", "asymmetricQuantizeInputs": True}
    graph.op("FULLY_CONNECTED", [value, weights], [scores], version=9, **options)
    graph.signature({"value": value}, {"scores": scores})
    plain = RNG.normal(size=(5, 16))
    odd = [np.zeros(16), np.full(16, 2.5), np.full(16, -0.3), np.abs(plain[0]), -3 - plain[1], np.eye(16)[3]]
    rows = np.concatenate([plain, odd, plain * 1e-20, plain * 1e20]).astype(np.float32)
    (theirs,) = litert([(builder.pack(), {"value": rows})], delegates=delegates)
    ours = run(parse(builder.pack()), {"value": rows})["scores"]
    span = np.ptp(ours, axis=1)
    assert (np.abs(ours - theirs["scores"]).max(axis=1) <= 1e-5 * span).all()
