"""A .tflite graph that can be changed and written: tensors, constants and operators added, replaced and left out."""

import hashlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConversionFailed
from converters.graph_packing import packed
from converters.schema import OPERATORS, OPTIONS, TENSOR_TYPES, VERSION

_DTYPES = {"f4": "FLOAT32", "f2": "FLOAT16", "i4": "INT32", "i2": "INT16", "i1": "INT8", "u1": "UINT8"}
Scales: TypeAlias = Sequence[float] | NDArray[np.float32]

_KEY = "serving_default"


class GraphWriter:
    """The first subgraph of a model as the schema's mutable objects; tensors are named by their index.

    A shape has -1 for the batch axis. Constants of equal bytes share a buffer, and an operator that is applied twice
    to the same tensors is stored once. Where an operator was added does not matter: `pack` puts each after what it
    reads.
    """

    def __init__(self, model: bytes | None = None) -> None:
        """Take the graph of `model`, or begin an empty one; raises `ConversionFailed` for more than one subgraph."""
        from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415  (only the compress install has it)

        self.schema = schema
        self.model: Any = (
            _empty(schema) if model is None else schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
        )
        if len(self.model.subgraphs) != 1:
            raise ConversionFailed(f"expected one subgraph, got {len(self.model.subgraphs)}; convert one signature")
        self.subgraph: Any = self.model.subgraphs[0]
        self._unions = {code: name for name, code in vars(schema.BuiltinOptions).items() if isinstance(code, int)}
        self._buffers: dict[bytes, int] = {}
        self._made: dict[Any, int] = {}

    # What is there

    def name(self, operator: Any) -> str:
        """Return the builtin's name of an operator."""
        return str(OPERATORS[self.model.operatorCodes[operator.opcodeIndex].builtinCode])

    def version(self, operator: Any) -> int:
        """Return the version of an operator."""
        return int(self.model.operatorCodes[operator.opcodeIndex].version)

    def option(self, operator: Any, name: str) -> int:
        """Return an operator's option, named as in `schema.OPTIONS`; 0 where the file leaves it out."""
        return int(getattr(operator.builtinOptions, _camel(name), 0))

    def readers(self, index: int) -> list[Any]:
        """Return the operators that read a tensor."""
        return [operator for operator in self.subgraph.operators if index in operator.inputs]

    def source(self, index: int) -> Any:
        """Return the operator that computes a tensor, None for a constant or an input."""
        return next((operator for operator in self.subgraph.operators if index in operator.outputs), None)

    def dtype(self, index: int) -> str:
        """Return the schema's name of a tensor's type, such as "FLOAT32"."""
        return str(TENSOR_TYPES[self.subgraph.tensors[index].type])

    def shape(self, index: int) -> tuple[int, ...]:
        """Return a tensor's shape, -1 for an axis that is free."""
        tensor = self.subgraph.tensors[index]
        signature = tensor.shapeSignature
        shape = tensor.shape if signature is None or not len(signature) else signature
        return () if shape is None else tuple(int(size) for size in shape)

    def is_constant(self, index: int) -> bool:
        """Return whether bytes are stored for a tensor."""
        return self.model.buffers[self.subgraph.tensors[index].buffer].data is not None

    def stored_bytes(self, index: int) -> int:
        """Return how many bytes are stored for a tensor, 0 for one that is computed."""
        data = self.model.buffers[self.subgraph.tensors[index].buffer].data
        return 0 if data is None else len(data)

    def values(self, index: int) -> NDArray[Any]:
        """Return the numbers stored for a FLOAT32 or INT32 constant, in its shape."""
        dtype = np.float32 if self.dtype(index) == "FLOAT32" else np.int32
        stored = self.model.buffers[self.subgraph.tensors[index].buffer].data
        return np.frombuffer(np.asarray(stored, np.uint8).tobytes(), dtype).reshape(self.shape(index))

    # What is added

    def tensor(self, shape: Sequence[int], dtype: str, *, buffer: int = 0, scales: Scales = ()) -> int:
        """Return a new tensor, computed unless a `buffer` holds its bytes; `scales` are its symmetric quantization."""
        tensor = self.schema.TensorT()
        tensor.type, tensor.buffer, tensor.hasRank = getattr(self.schema.TensorType, dtype), buffer, not shape
        tensor.shape = np.array([1 if size < 0 else size for size in shape], np.int32)
        if -1 in shape:
            tensor.shapeSignature = np.array(shape, np.int32)
        if len(scales):
            tensor.quantization = self.quantization(scales)
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def quantization(self, scales: Scales) -> Any:
        """Return the parameters of symmetric quantization, one scale or one an index of axis 0."""
        made = self.schema.QuantizationParametersT()
        made.scale, made.zeroPoint = np.array(scales, np.float32), np.zeros(len(scales), np.int64)
        return made

    def constant(
        self,
        values: NDArray[Any],
        dtype: str = "",
        shape: Sequence[int] = (),
        *,
        scales: Scales = (),
        blocks: tuple[int, int] | None = None,
    ) -> int:
        """Return a tensor that holds `values` as they lie in memory, little-endian.

        `dtype` and `shape` are the array's own unless said: another view of the same bytes, as INT4 of packed bytes.
        `scales`, one or one a row, are its symmetric quantization; or `blocks` are the tensor of its scales, one a
        block, and the columns of a block.
        """
        values = np.ascontiguousarray(values)
        kind = dtype or _DTYPES[values.dtype.str[1:]]
        lengths = tuple(shape) or values.shape
        buffer = self.buffer(values)
        key = (buffer, kind, lengths, tuple(scales), blocks)
        if key not in self._made:
            index = self._made[key] = self.tensor(lengths, kind, buffer=buffer, scales=scales)
            if blocks is not None:
                self.subgraph.tensors[index].quantization = self._blockwise(*blocks)
        return self._made[key]

    def buffer(self, values: NDArray[Any]) -> int:
        """Return the index of a buffer with the bytes of `values`; equal bytes get the same one."""
        data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        digest = hashlib.blake2b(data.data, digest_size=16).digest()
        if digest not in self._buffers:
            made = self.schema.BufferT()
            made.data = data
            self.model.buffers.append(made)
            self._buffers[digest] = len(self.model.buffers) - 1
        return self._buffers[digest]

    def input(self, name: str, shape: Sequence[int], dtype: str = "FLOAT32") -> int:
        """Add an input under `name` to the signature and return its tensor."""
        index = self.tensor(shape, dtype)
        self.subgraph.inputs.append(index)
        self.model.signatureDefs[0].inputs.append(self._entry(name, index))
        return index

    def output(self, name: str, index: int) -> None:
        """Let a tensor leave the graph under `name`."""
        self.subgraph.outputs.append(index)
        self.model.signatureDefs[0].outputs.append(self._entry(name, index))

    def apply(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        dtype: str = "FLOAT32",
        *,
        version: int = 1,
        scales: Scales = (),
        **options: int,
    ) -> int:
        """Add an operator and return the tensor [shape] that it computes; options are named as in `schema.OPTIONS`."""
        key = (name, version, tuple(inputs), tuple(shape), dtype, tuple(scales), tuple(sorted(options.items())))
        if key not in self._made:
            output = self._made[key] = self.tensor(shape, dtype, scales=scales)
            self.operator(name, inputs, output, version=version, **options)
        return self._made[key]

    def operator(self, name: str, inputs: Sequence[int], output: int, *, version: int = 1, **options: int) -> None:
        """Add an operator that computes a tensor that is there already."""
        options = {option: value for option, value in options.items() if value}  # 0 is what is read where none is
        operator = self.schema.OperatorT()
        operator.opcodeIndex = self._code(name, version)
        operator.inputs, operator.outputs = list(inputs), [output]
        if options:
            number = OPTIONS[name].number
            operator.builtinOptionsType = number
            operator.builtinOptions = getattr(self.schema, f"{self._unions[number]}T")()
            for option, value in options.items():
                setattr(operator.builtinOptions, _camel(option), value)
        self.subgraph.operators.append(operator)

    # What changes

    def set_version(self, operator: Any, name: str, version: int) -> None:
        """Give one operator the code (name, version); other operators keep theirs."""
        operator.opcodeIndex = self._code(name, version)

    def replace(self, old: int, new: int) -> None:
        """Let everything that read the tensor `old`, the signature included, read `new`."""
        for operator in self.subgraph.operators:
            operator.inputs = [new if index == old else index for index in operator.inputs]
        self.subgraph.outputs = [new if index == old else index for index in self.subgraph.outputs]
        for signature in self.model.signatureDefs or ():
            for entry in signature.outputs:
                entry.tensorIndex = new if entry.tensorIndex == old else entry.tensorIndex

    def pack(self) -> bytes:
        """Return the file; the writer is used up, as tensors are numbered anew."""
        return packed(self.model)

    def _code(self, name: str, version: int) -> int:
        builtin = getattr(self.schema.BuiltinOperator, name)
        for index, code in enumerate(self.model.operatorCodes):
            if (code.builtinCode, code.version) == (builtin, version):
                return index
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.version = builtin, version
        code.deprecatedBuiltinCode = min(builtin, 127)
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def _blockwise(self, scales: int, columns: int) -> Any:
        made, details = self.schema.QuantizationParametersT(), self.schema.BlockwiseQuantizationT()
        details.scales, details.zeroPoints, details.blockSize = scales, -1, columns
        made.details, made.detailsType = details, self.schema.QuantizationDetails.BlockwiseQuantization
        return made

    def _entry(self, name: str, index: int) -> Any:
        entry = self.schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), index
        return entry


def _empty(schema: Any) -> Any:
    """Return a model with nothing but a signature."""
    model, graph, signature = schema.ModelT(), schema.SubGraphT(), schema.SignatureDefT()
    signature.signatureKey, signature.inputs, signature.outputs = _KEY, [], []
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
    model.version, model.subgraphs, model.operatorCodes = VERSION, [graph], []
    model.buffers, model.signatureDefs = [schema.BufferT()], [signature]
    return model


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
