"""Changes to a converted .tflite that the converter has no switch for, made on the flatbuffer itself."""

from collections.abc import Collection
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConversionFailed
from converters.graph_packing import CLAIM
from converters.graph_writer import GraphWriter

# The converter leaves smaller weights in float32, since scales and casts would eat the gain
# (tensorflow/lite/tools/optimize/quantize_weights.cc, kWeightsMinNumElementsDefault).
LEAST_ELEMENTS = 1024
NAMED_BYTES = 1024

# Versions from tensorflow/lite/tools/versioning/op_version.cc.
HYBRID_FULLY_CONNECTED = 9
INT8_GATHER = 2
INT8_DEQUANTIZE = 2


def strip_names(model: bytes) -> bytes:
    """The same model without what only people read: names of tensors and of the graph, the converter's notes.

    Signatures keep their names, by which a model is called, constants of NAMED_BYTES or more theirs, by which a person
    finds what is large, and the claim of the oldest runtime stays.
    """
    graph = GraphWriter(model)
    graph.model.description, graph.subgraph.name = None, None
    graph.model.metadata = [entry for entry in graph.model.metadata or () if entry.name == CLAIM]
    for index, tensor in enumerate(graph.subgraph.tensors):
        if graph.stored_bytes(index) < NAMED_BYTES:
            tensor.name = None
    return graph.pack()


def quantize_float_weights(model: bytes, *, leaving: Collection[int] = ()) -> bytes:
    """The same model with every float32 table and dense weight of LEAST_ELEMENTS or more in int8, one scale each.

    A model with layers trained quantization-aware keeps all other weights float32 through the converter, whatever
    its switches say. Look-ups become GATHER on int8 and DEQUANTIZE of the gathered rows; dense layers become hybrid
    (activations quantized as they come). Symmetric scale max|w| / 127, as the converter's own dynamic range. Tensors
    `leaving` as they are go by index.
    """
    graph = GraphWriter(model)
    narrowed: dict[int, tuple[int, float]] = {}  # float32 buffer -> its int8 buffer and scale
    for index in _float_weights(graph):
        if index in leaving:
            continue
        readers = graph.readers(index)
        if not all(_takes_int8(graph, operator, index) for operator in readers):
            continue
        _quantize(graph, index, narrowed)
        for operator in readers:
            if graph.name(operator) == "GATHER":
                _dequantize_output(graph, operator)
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
    graph = GraphWriter(model)
    for signature in graph.model.signatureDefs:
        for output in signature.outputs:
            _float_head(graph, output.tensorIndex)
    return graph.pack()


def rounded_to_int8(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], float]:
    """Return weights as `quantize_float_weights` stores them: int8 of their shape, and the one scale."""
    step = np.float32(np.abs(values).max() / 127) or np.float32(1)
    return np.rint(values / step).astype(np.int8), float(step)


def _float_weights(graph: GraphWriter) -> list[int]:
    """Indices of the two-dimensional float32 constants that are large enough to be worth a scale."""
    found = []
    for index, tensor in enumerate(graph.subgraph.tensors):
        is_float = graph.dtype(index) == "FLOAT32" and graph.is_constant(index)
        if is_float and len(tensor.shape) == 2 and np.prod(tensor.shape) >= LEAST_ELEMENTS:  # noqa: PLR2004
            found.append(index)
    return found


def _takes_int8(graph: GraphWriter, operator: Any, weights: int) -> bool:
    name = graph.name(operator)
    if name == "GATHER":
        return bool(operator.inputs[0] == weights and graph.option(operator, "axis") == 0)
    return bool(
        name == "FULLY_CONNECTED"
        and operator.inputs[1] == weights
        and graph.dtype(operator.inputs[0]) == graph.dtype(operator.outputs[0]) == "FLOAT32"
    )


def _quantize(graph: GraphWriter, index: int, narrowed: dict[int, tuple[int, float]]) -> None:
    """Give a tensor int8 values; tensors that shared their bytes still do."""
    tensor = graph.subgraph.tensors[index]
    if tensor.buffer not in narrowed:
        values, step = rounded_to_int8(graph.values(index))
        narrowed[tensor.buffer] = graph.buffer(values), step
    tensor.buffer, scale = narrowed[tensor.buffer]
    tensor.type = graph.schema.TensorType.INT8
    tensor.quantization = graph.quantization([scale])


def _dequantize_output(graph: GraphWriter, gather: Any) -> None:
    """Let a GATHER on int8 write an int8 tensor of its own, and dequantize that into the old output."""
    wide = gather.outputs[0]
    scale = graph.subgraph.tensors[gather.inputs[0]].quantization.scale[0]
    narrow = graph.tensor(graph.shape(wide), "INT8", scales=[scale])
    gather.outputs = [narrow]
    graph.operator("DEQUANTIZE", [narrow], wide, version=INT8_DEQUANTIZE)


def _float_head(graph: GraphWriter, output: int) -> None:
    """Swap FULLY_CONNECTED(int8) -> DEQUANTIZE for DEQUANTIZE -> hybrid FULLY_CONNECTED."""
    last = graph.source(output)
    if last is None or graph.name(last) != "DEQUANTIZE":
        raise ConversionFailed(f"expected the scores to leave through DEQUANTIZE, got {_label(graph, last)}")
    dense = graph.source(last.inputs[0])
    if dense is None or graph.name(dense) != "FULLY_CONNECTED":
        raise ConversionFailed(
            f"full_int8 keeps the scoring layer in float, but the scores come from {_label(graph, dense)} and not "
            "from a dense layer; use dynamic_int8"
        )
    tensors = graph.subgraph.tensors
    narrow, weights = tensors[dense.inputs[0]], tensors[dense.inputs[1]]
    if len(weights.quantization.scale) != 1 or len(graph.readers(dense.outputs[0])) != 1:
        raise ConversionFailed(
            "full_int8 keeps the scoring layer in float, which takes int8 weights of one scale and scores that "
            f"nothing else reads; got {len(weights.quantization.scale)} scales and "
            f"{len(graph.readers(dense.outputs[0]))} readers"
        )
    bias = [int(index) for index in dense.inputs[2:]]
    if bias and bias[0] >= 0:
        bias = [_float_bias(graph, bias[0], narrow.quantization.scale[0] * weights.quantization.scale[0])]
    wide = graph.tensor(graph.shape(dense.inputs[0]), "FLOAT32")
    last.inputs, last.outputs = [dense.inputs[0]], [wide]
    dense.inputs, dense.outputs = [wide, dense.inputs[1], *bias], [output]
    dense.builtinOptions.asymmetricQuantizeInputs = True
    graph.set_version(dense, "FULLY_CONNECTED", HYBRID_FULLY_CONNECTED)


def _float_bias(graph: GraphWriter, index: int, scale: float) -> int:
    """A float32 tensor of an int32 bias; the old one may be another layer's as well."""
    values = graph.values(index)
    wide = copy(graph.subgraph.tensors[index])
    wide.type, wide.quantization = graph.schema.TensorType.FLOAT32, None
    wide.buffer = graph.buffer((values * scale).astype(np.float32))
    if len(graph.readers(index)) == 1:
        graph.subgraph.tensors[index] = wide
        return index
    graph.subgraph.tensors.append(wide)
    return len(graph.subgraph.tensors) - 1


def _label(graph: GraphWriter, operator: Any) -> str:
    return "nothing" if operator is None else graph.name(operator)
