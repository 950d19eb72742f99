"""Writes the small .tflite files of tests/fixtures that need no converter: python scripts/make_fixtures.py [FOLDER]."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
ITEMS, COLUMNS, LENGTH = 30, 8, 5


class Builder:
    """A .tflite model under construction, in the schema's own object classes."""

    def __init__(self) -> None:
        """Begin with the empty buffer that every model has."""
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = "edgerec fixture"
        self.model.operatorCodes, self.model.subgraphs, self.model.signatureDefs = [], [], []
        self.model.buffers = [schema.BufferT()]
        self.model.metadata = []

    def graph(self, name: str = "main") -> "Graph":
        """Add a subgraph."""
        return Graph(self, name)

    def buffer(self, data: bytes) -> int:
        """Add a buffer with `data` and return its index."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1

    def code(self, name: str, version: int, *, custom: bool) -> int:
        """Return the index of an operator code, added when it is new."""
        code = schema.OperatorCodeT()
        code.builtinCode = schema.BuiltinOperator.CUSTOM if custom else getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.customCode = name if custom else None
        code.version = version
        for index, known in enumerate(self.model.operatorCodes):
            if vars(known) == vars(code):
                return index
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def metadata(self, name: str, data: bytes) -> None:
        """Add a metadata entry in a buffer of its own."""
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, self.buffer(data)
        self.model.metadata.append(entry)

    def pack(self) -> bytes:
        """Return the file's bytes."""
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class Graph:
    """One subgraph; tensors are named by the index that the methods return."""

    def __init__(self, builder: Builder, name: str) -> None:
        """Add an empty subgraph to `builder`."""
        self.builder = builder
        self.index = len(builder.model.subgraphs)
        self.part = schema.SubGraphT()
        self.part.name = name
        self.part.tensors, self.part.operators, self.part.inputs, self.part.outputs = [], [], [], []
        builder.model.subgraphs.append(self.part)

    def tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: str = "FLOAT32",
        *,
        scales: tuple[float, ...] = (),
        zero_point: int = 0,
        axis: int = 0,
        buffer: int = 0,
        batch: bool = True,
    ) -> int:
        """Add a tensor; with `batch`, axis 0 may be resized."""
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.buffer = name, getattr(schema.TensorType, dtype), buffer
        tensor.shape = np.array(shape, np.int32)
        if batch and shape:
            tensor.shapeSignature = np.array((-1, *shape[1:]), np.int32)
        if scales:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array(scales, np.float32)
            tensor.quantization.zeroPoint = np.full(len(scales), zero_point, np.int64)
            tensor.quantization.quantizedDimension = axis
        self.part.tensors.append(tensor)
        return len(self.part.tensors) - 1

    def constant(self, name: str, array: Any, dtype: str = "", **quantization: Any) -> int:
        """Add a tensor that holds `array`."""
        array = np.asarray(array)
        index = self.builder.buffer(array.tobytes()) if array.size else 0
        dtype = dtype or array.dtype.name.upper()
        return self.tensor(name, array.shape, dtype, buffer=index, batch=False, **quantization)

    def op(
        self,
        name: str,
        inputs: list[int],
        outputs: list[int],
        *,
        version: int = 1,
        custom: bool = False,
        options: str = "",
        **fields: Any,
    ) -> None:
        """Add an operator; `options` names the schema's options table, `fields` its fields in the schema's spelling."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self.builder.code(name, version, custom=custom)
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for field, value in fields.items():
                setattr(operator.builtinOptions, field, value)
        self.part.operators.append(operator)

    def signature(self, inputs: Mapping[str, int], outputs: Mapping[str, int], key: str = "serving_default") -> None:
        """Make the graph callable as `key`."""
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = key, self.index
        signature.inputs, signature.outputs = _tensor_maps(inputs), _tensor_maps(outputs)
        self.part.inputs = np.array([*inputs.values()], np.int32)
        self.part.outputs = np.array([*outputs.values()], np.int32)
        self.builder.model.signatureDefs.append(signature)


def _tensor_maps(entries: Mapping[str, int]) -> list[Any]:
    maps = []
    for name, index in entries.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, index
        maps.append(entry)
    return maps


def weights() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return table [items + 1, columns] with a zero padding row, dense kernel [items, columns] and bias [items]."""
    rng = np.random.default_rng(20)
    table = rng.normal(size=(ITEMS + 1, COLUMNS)).astype(np.float32)
    table[ITEMS] = 0
    return table, rng.normal(size=(ITEMS, COLUMNS)).astype(np.float32), rng.normal(size=ITEMS).astype(np.float32)


def quantized(array: np.ndarray, *, rows: bool = False) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return int8 numbers and their scales: one, or one a row."""
    greatest = np.abs(array).max(axis=1, keepdims=True) if rows else np.abs(array).max(keepdims=True)
    scale = np.where(greatest > 0, greatest, 1).astype(np.float32) / 127
    return np.round(array / scale).astype(np.int8), tuple(scale.reshape(-1).tolist())


def history_float32() -> bytes:
    """Return the mean of a history's rows scored against every item, in float32."""
    table, kernel, bias = weights()
    builder = Builder()
    graph = builder.graph()
    ids, mean = _gathered(graph, graph.constant("table", table))
    scores = graph.tensor("scores", (1, ITEMS))
    dense = [mean, graph.constant("kernel", kernel), graph.constant("bias", bias)]
    graph.op("FULLY_CONNECTED", dense, [scores], options="FullyConnectedOptions")
    graph.signature({"history": ids}, {"scores": scores})
    builder.metadata("min_runtime_version", b"1.6.0".ljust(16, b"\0"))
    return builder.pack()


def history_hybrid(*, version: int = 9, rows: bool = False) -> bytes:
    """Return the same model with int8 weights and float arithmetic around them, as dynamic range writes it.

    With `version` 1 and scales for `rows` it is the file that tflite-runtime 2.14 loads and answers with garbage.
    """
    table, kernel, bias = weights()
    builder = Builder()
    graph = builder.graph()
    table, table_scale = quantized(table)
    kernel, kernel_scales = quantized(kernel, rows=rows)
    ids, mean = _gathered(graph, graph.constant("table", table, scales=table_scale), table_scale)
    scores = graph.tensor("scores", (1, ITEMS))
    dense = [mean, graph.constant("kernel", kernel, scales=kernel_scales), graph.constant("bias", bias)]
    asymmetric = version >= 9  # noqa: PLR2004 - the version that brought the flag
    options = {"options": "FullyConnectedOptions", "asymmetricQuantizeInputs": asymmetric}
    graph.op("FULLY_CONNECTED", dense, [scores], version=version, **options)
    graph.signature({"history": ids}, {"scores": scores})
    return builder.pack()


def _gathered(graph: Graph, table: int, scale: tuple[float, ...] = ()) -> tuple[int, int]:
    """Look a history up in `table` and average the rows; return the tensors of ids and mean."""
    ids = graph.tensor("history", (1, LENGTH), "INT32")
    shape = (1, LENGTH, COLUMNS)
    rows = graph.tensor("rows", shape, "INT8" if scale else "FLOAT32", scales=scale)
    graph.op("GATHER", [table, ids], [rows], version=2 if scale else 1, options="GatherOptions")
    if scale:
        real = graph.tensor("rows_float", shape)
        graph.op("DEQUANTIZE", [rows], [real], version=2)
        rows = real
    mean = graph.tensor("mean", (1, COLUMNS))
    graph.op("MEAN", [rows, graph.constant("axis", np.array([1], np.int32))], [mean], options="ReducerOptions")
    return ids, mean


def history_full_int8() -> bytes:
    """Return the same model in integers throughout, its scores dequantized at the end."""
    table, kernel, bias = weights()
    builder = Builder()
    graph = builder.graph()
    table, (table_scale,) = quantized(table)
    kernel, (kernel_scale,) = quantized(kernel)
    ids = graph.tensor("history", (1, LENGTH), "INT32")
    rows = graph.tensor("rows", (1, LENGTH, COLUMNS), "INT8", scales=(table_scale,))
    stored = graph.constant("table", table, scales=(table_scale,))
    graph.op("GATHER", [stored, ids], [rows], version=2, options="GatherOptions")
    mean_scale = 0.012
    mean = graph.tensor("mean", (1, COLUMNS), "INT8", scales=(mean_scale,), zero_point=3)
    axis = graph.constant("axis", np.array([1], np.int32))
    graph.op("MEAN", [rows, axis], [mean], version=2, options="ReducerOptions")
    integers = graph.tensor("integers", (1, ITEMS), "INT8", scales=(0.06,), zero_point=-4)
    bias_scale = mean_scale * kernel_scale
    dense = [
        mean,
        graph.constant("kernel", kernel, scales=(kernel_scale,)),
        graph.constant("bias", np.round(bias / bias_scale).astype(np.int32), scales=(bias_scale,)),
    ]
    graph.op("FULLY_CONNECTED", dense, [integers], version=4, options="FullyConnectedOptions")
    scores = graph.tensor("scores", (1, ITEMS))
    graph.op("DEQUANTIZE", [integers], [scores], version=2)
    graph.signature({"history": ids}, {"scores": scores})
    return builder.pack()


def unknown_op() -> bytes:
    """Return a model of a custom operator, a Flex operator and a builtin of a version to come."""
    builder = Builder()
    graph = builder.graph()
    value = graph.tensor("value", (1, 4))
    steps = [value, *(graph.tensor(f"step{i}", (1, 4)) for i in range(3))]
    graph.op("Mystery", steps[:1], steps[1:2], custom=True)
    graph.op("FlexErf", steps[1:2], steps[2:3], custom=True)
    graph.op("TANH", steps[2:3], steps[3:4], version=99)
    graph.signature({"value": value}, {"scores": steps[3]})
    return builder.pack()


def two_signatures() -> bytes:
    """Return two towers on one table: "user" averages a history, "item" looks one id up."""
    table, _, _ = weights()
    builder = Builder()
    user = builder.graph("user")
    stored = user.constant("table", table)
    ids, mean = _gathered(user, stored)
    user.signature({"history": ids}, {"vector": mean}, "user")
    item = builder.graph("item")
    shared = item.tensor("table", table.shape, buffer=user.part.tensors[stored].buffer, batch=False)
    item_id, vector = item.tensor("item", (1,), "INT32"), item.tensor("vector", (1, COLUMNS))
    item.op("EMBEDDING_LOOKUP", [item_id, shared], [vector])
    item.signature({"item": item_id}, {"vector": vector}, "item")
    return builder.pack()


FIXTURES = {
    "history_float32": history_float32,
    "history_hybrid": history_hybrid,
    "history_garbage_on_2_14": lambda: history_hybrid(version=1, rows=True),
    "history_full_int8": history_full_int8,
    "unknown_op": unknown_op,
    "two_signatures": two_signatures,
}


def main(arguments: list[str]) -> None:
    """Write the fixtures."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FIXTURES.items():
        (folder / f"{name}.tflite").write_bytes(make())


if __name__ == "__main__":
    main(sys.argv[1:])
