"""Changes to a converted .tflite that the converter has no switch for, made on the flatbuffer itself."""

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConversionFailed
from converters.op_versions import oldest_runtime

# The converter leaves smaller weights in float32, since scales and casts would eat the gain
# (tensorflow/lite/tools/optimize/quantize_weights.cc, kWeightsMinNumElementsDefault).
LEAST_ELEMENTS = 1024

# Versions from tensorflow/lite/tools/versioning/op_version.cc.
HYBRID_FULLY_CONNECTED = 9
INT8_GATHER = 2
INT8_DEQUANTIZE = 2


def quantize_float_weights(model: bytes) -> bytes:
    """The same model with every float32 table and dense weight of LEAST_ELEMENTS or more in int8, one scale each.

    A model with layers trained quantization-aware keeps all other weights float32 through the converter, whatever
    its switches say. Look-ups become GATHER on int8 and DEQUANTIZE of the gathered rows; dense layers become hybrid
    (activations quantized as they come). Symmetric scale max|w| / 127, as the converter's own dynamic range.
    """
    graph = _Graph(model)
    for index in graph.float_weights():
        readers = graph.readers(index)
        if not all(graph.takes_int8(operator, index) for operator in readers):
            continue
        graph.quantize(index)
        for operator in readers:
            if graph.name(operator) == "GATHER":
                graph.dequantize_output(operator)
                graph.set_version(operator, "GATHER", INT8_GATHER)
            else:
                operator.builtinOptions.asymmetricQuantizeInputs = True
                graph.set_version(operator, "FULLY_CONNECTED", HYBRID_FULLY_CONNECTED)
    return graph.pack()


def score_in_float(model: bytes) -> bytes:
    """The same full int8 model with the layer that makes the scores in float arithmetic, its weights still int8.

    An int8 output has at most 256 distinct scores for a catalogue of thousands, and ties decide the ranking. The
    last FULLY_CONNECTED takes its input dequantized, becomes hybrid, and writes float32. Raises ConversionFailed
    where the scores come from anything but a FULLY_CONNECTED.
    """
    graph = _Graph(model)
    for signature in graph.model.signatureDefs:
        for output in signature.outputs:
            graph.float_head(output.tensorIndex)
    return graph.pack()


class _Graph:
    """The first subgraph of a model as the schema's mutable objects."""

    def __init__(self, model: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415  (only the compress install has it)

        self.schema = schema
        self.model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
        if len(self.model.subgraphs) != 1:
            raise ConversionFailed(f"expected one subgraph, got {len(self.model.subgraphs)}; convert one signature")
        self.subgraph: Any = self.model.subgraphs[0]
        self.names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
        self.narrowed: dict[int, tuple[int, float]] = {}  # float32 buffer -> its int8 buffer and scale

    def pack(self) -> bytes:
        import flatbuffers  # noqa: PLC0415  (only the compress install has it)

        self.drop_unused()
        self.state_oldest_runtime()
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def drop_unused(self) -> None:
        """Leave out operator codes and bytes that nothing refers to any more."""
        operators, codes = self.subgraph.operators, self.model.operatorCodes
        kept = sorted({operator.opcodeIndex for operator in operators})
        for operator in operators:
            operator.opcodeIndex = kept.index(operator.opcodeIndex)
        self.model.operatorCodes = [codes[index] for index in kept]
        used = {tensor.buffer for tensor in self.subgraph.tensors}
        used.update(entry.buffer for entry in self.model.metadata or ())
        for index, buffer in enumerate(self.model.buffers):
            if index not in used:
                buffer.data = None

    def state_oldest_runtime(self) -> None:
        """Bring the converter's own claim up to date, in the zero-padded field that it keeps for it."""
        oldest = oldest_runtime((self.names[code.builtinCode], code.version) for code in self.model.operatorCodes)
        for entry in self.model.metadata or ():
            if entry.name == b"min_runtime_version" and oldest:
                field = self.model.buffers[entry.buffer].data
                self.model.buffers[entry.buffer].data = np.frombuffer(
                    oldest.encode().ljust(len(field), b"\0"), np.uint8
                )

    def name(self, operator: Any) -> str:
        return str(self.names[self.model.operatorCodes[operator.opcodeIndex].builtinCode])

    def set_version(self, operator: Any, name: str, version: int) -> None:
        """Give one operator the code (name, version); other operators keep theirs."""
        operator.opcodeIndex = self.code(name, version)

    def code(self, name: str, version: int) -> int:
        builtin = getattr(self.schema.BuiltinOperator, name)
        for index, code in enumerate(self.model.operatorCodes):
            if (code.builtinCode, code.version) == (builtin, version):
                return index
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.version = builtin, version
        code.deprecatedBuiltinCode = min(builtin, 127)
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def data(self, index: int) -> Any:
        return self.model.buffers[self.subgraph.tensors[index].buffer].data

    def float_weights(self) -> list[int]:
        """Indices of the two-dimensional float32 constants that are large enough to be worth a scale."""
        found = []
        for index, tensor in enumerate(self.subgraph.tensors):
            is_float = tensor.type == self.schema.TensorType.FLOAT32 and self.data(index) is not None
            if is_float and len(tensor.shape) == 2 and np.prod(tensor.shape) >= LEAST_ELEMENTS:  # noqa: PLR2004
                found.append(index)
        return found

    def readers(self, index: int) -> list[Any]:
        return [operator for operator in self.subgraph.operators if index in operator.inputs]

    def writer(self, index: int) -> Any:
        return next((operator for operator in self.subgraph.operators if index in operator.outputs), None)

    def takes_int8(self, operator: Any, weights: int) -> bool:
        tensors, name = self.subgraph.tensors, self.name(operator)
        if name == "GATHER":
            return bool(operator.inputs[0] == weights and operator.builtinOptions.axis == 0)
        float32 = self.schema.TensorType.FLOAT32
        return bool(
            name == "FULLY_CONNECTED"
            and operator.inputs[1] == weights
            and tensors[operator.inputs[0]].type == float32
            and tensors[operator.outputs[0]].type == float32
        )

    def quantize(self, index: int) -> None:
        """Give a tensor int8 values; tensors that shared their bytes still do."""
        tensor = self.subgraph.tensors[index]
        if tensor.buffer not in self.narrowed:
            values = np.frombuffer(np.asarray(self.data(index), np.uint8).tobytes(), np.float32)
            step = np.float32(np.abs(values).max() / 127) or np.float32(1)
            self.narrowed[tensor.buffer] = self.add_buffer(np.rint(values / step).astype(np.int8)), float(step)
        tensor.buffer, scale = self.narrowed[tensor.buffer]
        tensor.type = self.schema.TensorType.INT8
        tensor.quantization = self.quantization(scale)

    def add_buffer(self, values: NDArray[Any]) -> int:
        buffer = self.schema.BufferT()
        buffer.data = values.view(np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1

    def quantization(self, scale: float) -> Any:
        quantization = self.schema.QuantizationParametersT()
        quantization.scale, quantization.zeroPoint = [scale], [0]
        return quantization

    def dequantize_output(self, gather: Any) -> None:
        """Let a GATHER on int8 write an int8 tensor of its own, and dequantize that into the old output."""
        tensors = self.subgraph.tensors
        wide = tensors[gather.outputs[0]]
        narrow = self.schema.TensorT()
        narrow.name, narrow.shape, narrow.shapeSignature = wide.name + b"_int8", wide.shape, wide.shapeSignature
        narrow.type, narrow.buffer, narrow.hasRank = self.schema.TensorType.INT8, 0, wide.hasRank
        narrow.quantization = self.quantization(tensors[gather.inputs[0]].quantization.scale[0])
        tensors.append(narrow)
        after = self.subgraph.operators.index(gather) + 1
        self.subgraph.operators.insert(after, self.dequantize(len(tensors) - 1, gather.outputs[0]))
        gather.outputs = [len(tensors) - 1]

    def dequantize(self, narrow: int, wide: int) -> Any:
        operator = self.schema.OperatorT()
        operator.opcodeIndex = self.code("DEQUANTIZE", INT8_DEQUANTIZE)
        operator.inputs, operator.outputs = [narrow], [wide]
        operator.builtinOptionsType = self.schema.BuiltinOptions.DequantizeOptions
        operator.builtinOptions = self.schema.DequantizeOptionsT()
        return operator

    def float_head(self, output: int) -> None:
        """Swap FULLY_CONNECTED(int8) -> DEQUANTIZE for DEQUANTIZE -> hybrid FULLY_CONNECTED."""
        last = self.writer(output)
        if last is None or self.name(last) != "DEQUANTIZE":
            raise ConversionFailed(f"expected the scores to leave through DEQUANTIZE, got {self.label(last)}")
        dense = self.writer(last.inputs[0])
        if dense is None or self.name(dense) != "FULLY_CONNECTED":
            raise ConversionFailed(
                f"full_int8 keeps the scoring layer in float, but the scores come from {self.label(dense)} and not "
                "from a dense layer; use dynamic_int8"
            )
        tensors = self.subgraph.tensors
        narrow, weights = tensors[dense.inputs[0]], tensors[dense.inputs[1]]
        if len(weights.quantization.scale) != 1 or len(self.readers(dense.outputs[0])) != 1:
            raise ConversionFailed(
                "full_int8 keeps the scoring layer in float, which takes int8 weights of one scale and scores that "
                f"nothing else reads; got {len(weights.quantization.scale)} scales and "
                f"{len(self.readers(dense.outputs[0]))} readers"
            )
        wide = tensors[dense.outputs[0]]  # the int8 scores are gone; their tensor holds the float input instead
        wide.name, wide.shape, wide.shapeSignature = narrow.name + b"_float", narrow.shape, narrow.shapeSignature
        wide.type, wide.quantization = self.schema.TensorType.FLOAT32, None
        bias = [int(index) for index in dense.inputs[2:]]
        if bias and bias[0] >= 0:
            bias = [self.float_bias(bias[0], narrow.quantization.scale[0] * weights.quantization.scale[0])]
        last.inputs, last.outputs = [dense.inputs[0]], [dense.outputs[0]]
        dense.inputs, dense.outputs = [last.outputs[0], dense.inputs[1], *bias], [output]
        dense.builtinOptions.asymmetricQuantizeInputs = True
        self.set_version(dense, "FULLY_CONNECTED", HYBRID_FULLY_CONNECTED)
        operators = self.subgraph.operators
        operators.remove(last)
        operators.insert(operators.index(dense), last)

    def float_bias(self, index: int, scale: float) -> int:
        """A float32 tensor of an int32 bias; the old one may be another layer's as well."""
        tensors = self.subgraph.tensors
        values = np.frombuffer(np.asarray(self.data(index), np.uint8).tobytes(), np.int32)
        wide = copy(tensors[index])
        wide.name, wide.type, wide.quantization = wide.name + b"_float", self.schema.TensorType.FLOAT32, None
        wide.buffer = self.add_buffer((values * scale).astype(np.float32))
        if len(self.readers(index)) == 1:
            tensors[index] = wide
            return index
        tensors.append(wide)
        return len(tensors) - 1

    def label(self, operator: Any) -> str:
        return "nothing" if operator is None else self.name(operator)
