"""How the operators of a file read its stored weights: what a runtime must understand beyond an operator's version."""

from collections.abc import Iterator
from dataclasses import dataclass

from converters.graph import Operator, Quantization, Subgraph, Tensor
from converters.schema import TYPE_BITS
from converters.tflite_file import TfliteFile

_BYTE = 8
_LOOKUPS = {"GATHER": 0, "EMBEDDING_LOOKUP": 1}
_PRODUCTS = {"FULLY_CONNECTED": 1, "BATCH_MATMUL": 1, "CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "TRANSPOSE_CONV": 1}
# Of other operators only constants that are stored in one of these ways are told of.
_UNPACKED = {"DEQUANTIZE": 0, "CAST": 0, "DENSIFY": 0}
_WEIGHTS = {**_LOOKUPS, **_PRODUCTS, **_UNPACKED}


@dataclass(frozen=True, slots=True, order=True)
class WeightUse:
    """One way in which an operator reads a stored constant: what a table of a runtime is looked up by.

    `granularity` says what has a scale of its own: "none" (no quantization), "tensor", "row" (an index of axis 0),
    "axis1", ... or "block32" (so many columns), with " shifted" behind it where a zero point is not 0. `layout` is
    "dense", "sparse", "sparse 4" (in blocks of 4 columns), "densified" (what DENSIFY makes), or "split" where rows of
    numbers below a byte begin within one. `reads` is the type of the numbers that a product multiplies with, "" for
    others, and `makes` that of what comes out. `asymmetric` is the option asymmetric_quantize_inputs, and `bias` says
    that a dense layer adds one.
    """

    op: str
    dtype: str
    granularity: str
    layout: str
    reads: str
    makes: str
    asymmetric: bool = False
    bias: bool = False

    def __str__(self) -> str:
        parts = [self.dtype, *(() if self.granularity == "none" else (f"per {self.granularity}",))]
        parts += [] if self.layout == "dense" else [self.layout]
        reads = f" with {self.reads}" if self.reads else ""
        asked = f"{', asymmetric inputs' if self.asymmetric else ''}{', a bias' if self.bias else ''}"
        return f"{' '.join(parts)} weights{reads} to {self.makes}{asked}"


@dataclass(frozen=True, slots=True)
class Use:
    """A way in which weights are read, the version of the operator that reads them, and the tensor's name."""

    weights: WeightUse
    version: int
    tensor: str


def weight_uses(file: TfliteFile) -> Iterator[Use]:
    """Give how each operator of `file` reads each of its stored weights, in the order in which they run."""
    for graph in file.subgraphs:
        densified = {made for one in graph.operators if one.name == "DENSIFY" for made in one.outputs}
        for operator in graph.operators:
            if operator.custom:
                continue
            for position, index in enumerate(operator.inputs):
                if index < 0:
                    continue
                tensor = graph.tensors[index]
                stored = len(file.constant(tensor)) > 0
                if (stored or index in densified) and _is_told_of(operator, position, tensor):
                    use = _use(graph, operator, position, tensor, "densified" if index in densified else "")
                    yield Use(use, operator.version, tensor.name or f"tensor {index}")


def _is_told_of(operator: Operator, position: int, tensor: Tensor) -> bool:
    if operator.name in _WEIGHTS:
        return _WEIGHTS[operator.name] == position
    blockwise = tensor.quantization is not None and tensor.quantization.blockwise
    return tensor.sparse or blockwise or TYPE_BITS.get(tensor.dtype, _BYTE) < _BYTE


def _use(graph: Subgraph, operator: Operator, position: int, tensor: Tensor, layout: str) -> WeightUse:
    read = operator.inputs[0] if operator.name in _PRODUCTS and position else -1
    made = operator.outputs[0] if operator.outputs else -1
    return WeightUse(
        op=operator.name,
        dtype=tensor.dtype,
        granularity=_granularity(graph, tensor),
        layout=layout or _layout(tensor),
        reads=_reads(operator, graph.tensors[read].dtype) if read >= 0 else "",
        makes=graph.tensors[made].dtype if made >= 0 else "",
        asymmetric=bool(operator.options.get("asymmetric_quantize_inputs", False)),
        bias=operator.name == "FULLY_CONNECTED" and any(index >= 0 for index in operator.inputs[2:3]),
    )


def _reads(operator: Operator, dtype: str) -> str:
    """Return the type that a product reads; of int16 a newer runtime asks that the type of a bias is told too."""
    untold = operator.name == "FULLY_CONNECTED" and not operator.options.get("quantized_bias_type")
    return f"{dtype} without quantized_bias_type" if untold and dtype == "INT16" else dtype


def _granularity(graph: Subgraph, tensor: Tensor) -> str:
    quantization = tensor.quantization
    if quantization is None or tensor.dtype.startswith("FLOAT"):
        return "none"
    if quantization.blockwise:
        return _blocks(graph, tensor, quantization)
    finest = "row" if quantization.axis == 0 else f"axis{quantization.axis}"
    shifted = " shifted" if any(quantization.zero_points) else ""
    return f"{finest if len(quantization.scales) > 1 else 'tensor'}{shifted}"


def _blocks(graph: Subgraph, tensor: Tensor, quantization: Quantization) -> str:
    scales = graph.tensors[quantization.scale_tensor].shape
    blocks = scales[-1] if scales else 0
    columns = tensor.shape[-1] if tensor.shape else 0
    return f"block{columns // blocks}" if blocks and columns % blocks == 0 else "blocks that do not fit"


def _layout(tensor: Tensor) -> str:
    if tensor.sparse:
        return f"sparse {'x'.join(map(str, tensor.sparse_blocks))}" if tensor.sparse_blocks else "sparse"
    bits = TYPE_BITS.get(tensor.dtype, _BYTE)
    split = len(tensor.shape) > 1 and bits < _BYTE and tensor.shape[-1] * bits % _BYTE
    return "split" if split else "dense"
