"""The tables of a .tflite that make a graph, each read into a value and held to what the others say."""

from collections.abc import Mapping, Sequence

from converters import schema
from converters.flatbuffer import Table
from converters.graph import Operator, OperatorCode, Option, Quantization, Signature, Subgraph, Tensor

_MOST_AXES = 32
FIRST_OFFSET_OUTSIDE = 2  # offsets 0 and 1 of a Buffer mean that its bytes lie in the flatbuffer
LONGEST_SHOWN = 100


def _named(table: Table, what: str, number: int, names: Sequence[str]) -> str:
    if not 0 <= number < len(names):
        raise table.refuse(what, number, f"a number from 0 to {len(names) - 1}")
    return names[number]


def operator_code(table: Table) -> OperatorCode:
    """Return an operator's name and version; TfliteError for one that the schema does not have."""
    # Numbers up to 126 are written twice: the older, narrower field holds 127 for those that it cannot hold.
    number = max(table.integer(4, "b"), table.integer(10, "i"))
    name = _named(table, "the operator", number, schema.OPERATORS)
    custom_code = table.text(6, "the custom code")
    version = table.integer(8, "i", 1)
    if number != schema.CUSTOM:
        return OperatorCode(name, version, custom=False)
    if not custom_code:
        raise table.refuse("the custom code", "no name", "the custom operator's name")
    return OperatorCode(custom_code, version, custom=True)


def subgraph(table: Table, codes: tuple[OperatorCode, ...], spans: tuple[tuple[int, int], ...]) -> Subgraph:
    """Return a graph of these operator codes and of buffers that lie at `spans`; TfliteError where they do not fit."""
    tensors = tuple(_tensor(each, index, spans) for index, each in enumerate(table.tables(4, "tensor")))
    count = len(tensors)
    for tensor in tensors:
        if tensor.quantization is not None and tensor.quantization.blockwise:
            table.indices("the scales in blocks", (tensor.quantization.scale_tensor,), count)
    return Subgraph(
        name=table.text(12, "the name"),
        tensors=tensors,
        operators=tuple(_operator(each, codes, count) for each in table.tables(10, "operator")),
        inputs=table.indices("an input", table.integers(6, "the inputs"), count),
        outputs=table.indices("an output", table.integers(8, "the outputs"), count),
    )


def _tensor(table: Table, index: int, spans: tuple[tuple[int, int], ...]) -> Tensor:
    shape = _checked_shape(table, table.integers(4, "the shape", most=_MOST_AXES), smallest=0)
    signature = _checked_shape(table, table.integers(18, "the shape signature", most=_MOST_AXES), smallest=-1)
    sparsity = table.table(16, "the sparsity")
    if signature and len(signature) != len(shape):
        raise table.refuse("the shape signature", f"{len(signature)} axes", f"{len(shape)} as in the shape")
    tensor = Tensor(
        index=index,
        name=table.text(10, "the name"),
        shape=shape,
        shape_signature=signature or shape,
        dtype=_named(table, "the type", table.integer(6, "b"), schema.TENSOR_TYPES),
        buffer=table.integer(8, "I"),
        quantization=_quantization(table, shape),
        sparse=sparsity is not None,
        variable=bool(table.number(14, "?", default=False)),
        sparse_blocks=() if sparsity is None else _sparse_blocks(sparsity),
    )
    table.indices("the buffer", (tensor.buffer,), len(spans))
    start, end = spans[tensor.buffer]
    if start < end and not tensor.sparse and tensor.dense_bytes not in (None, end - start):
        expected = f"{tensor.dense_bytes} for {tensor.dtype} {list(shape)}"
        raise table.refuse("the constant", f"{end - start} bytes", expected)
    return tensor


def _sparse_blocks(sparsity: Table) -> tuple[int, ...]:
    """Return the sizes of the blocked axes, which are the last of the axes that are told of."""
    blocked = len(sparsity.integers(6, "the block map", most=_MOST_AXES))
    sizes = [axis.integer(6, "i") for axis in sparsity.tables(8, "axis")]
    return tuple(sizes[len(sizes) - blocked :]) if blocked <= len(sizes) else ()


def _checked_shape(table: Table, shape: tuple[int, ...], smallest: int) -> tuple[int, ...]:
    if any(size < smallest for size in shape):
        raise table.refuse("the shape", list(shape), f"sizes of at least {smallest}")
    return shape


def _quantization(table: Table, shape: tuple[int, ...]) -> Quantization | None:
    found = table.table(12, "the quantization")
    if found is None:
        return None
    details = found.table(14, "the details")
    if details is not None and found.integer(12, "B") == schema.BLOCKWISE:
        return Quantization((), (), found.integer(16, "i"), blockwise=True, scale_tensor=details.integer(4, "i"))
    scales = found.vector(8, "the scales", "f")
    zero_points = found.integers(10, "the zero points", "q")
    ranges = sum(end - start for start, end in (found.span(4, "the minima", 4), found.span(6, "the maxima", 4)))
    if not scales:
        return None
    if len(zero_points) not in (0, 1, len(scales)):
        raise found.refuse("the zero points", len(zero_points), f"{len(scales)}, one for each scale")
    axis = found.integer(16, "i")
    if len(scales) > 1 and not (0 <= axis < len(shape) and shape[axis] == len(scales)):
        raise found.refuse("the scales", f"{len(scales)} along axis {axis}", f"the size of an axis of {list(shape)}")
    return Quantization(
        scales=tuple(float(scale) for scale in scales),
        zero_points=zero_points if len(zero_points) == len(scales) else (zero_points or (0,)) * len(scales),
        axis=axis,
        stored_bytes=4 * len(scales) + 8 * len(zero_points) + ranges,
    )


def _operator(table: Table, codes: tuple[OperatorCode, ...], tensors: int) -> Operator:
    (index,) = table.indices("the operator code", (table.integer(4, "I"),), len(codes))
    code = codes[index]
    table.span(14, "the custom options")
    table.span(18, "the mutating inputs")
    table.span(20, "the intermediates", 4)
    table.table(28, "the second options")
    if table.integer(22, "Q") >= FIRST_OFFSET_OUTSIDE:
        table.buffer.claim(table.integer(22, "Q"), table.integer(24, "Q"), f"the custom options of {table.where}")
    return Operator(
        name=code.name,
        custom=code.custom,
        version=code.version,
        inputs=table.indices("an input", table.integers(6, "the inputs"), tensors, -1),
        outputs=table.indices("an output", table.integers(8, "the outputs"), tensors, -1),
        options=_options(table, code),
    )


def _options(table: Table, code: OperatorCode) -> Mapping[str, Option]:
    found = table.table(12, "the options")
    layout = None if code.custom else schema.OPTIONS.get(code.name)
    if layout is None:
        return {}
    if table.integer(10, "B") != layout.number:  # a runtime, too, then goes by the defaults
        found = None
    return {name: _option(found, 4 + 2 * slot, name, kind) for slot, (name, kind) in enumerate(layout.fields)}


def _option(options: Table | None, slot: int, name: str, kind: str) -> Option:
    if kind == "integers":
        return () if options is None else options.integers(slot, name, most=_MOST_AXES)
    if kind != "activation":
        default = {"?": False, "f": 0.0}.get(kind, 0)
        return default if options is None else options.number(slot, kind, default)
    number = 0 if options is None else options.integer(slot, "b")
    if options is not None:
        _named(options, "the activation", number, schema.ACTIVATIONS)
    return number


def signatures(root: Table, subgraphs: tuple[Subgraph, ...]) -> tuple[Signature, ...]:
    """Return the signatures of the file's graphs; TfliteError for a key that comes twice, or an index out of range."""
    found: dict[str, Signature] = {}
    for table in root.tables(18, "signature"):
        signature = _signature(table, subgraphs)
        if found.setdefault(signature.key, signature) is not signature:
            raise table.refuse("the key", repr(signature.key[:LONGEST_SHOWN]), "a key that is used once")
    return tuple(found.values())


def _signature(table: Table, subgraphs: tuple[Subgraph, ...]) -> Signature:
    (subgraph,) = table.indices("the subgraph", (table.integer(12, "I"),), len(subgraphs))
    count = len(subgraphs[subgraph].tensors)
    return Signature(
        key=table.text(8, "the key"),
        subgraph=subgraph,
        inputs=_tensor_map(table, 4, "input", count),
        outputs=_tensor_map(table, 6, "output", count),
    )


def _tensor_map(table: Table, slot: int, what: str, tensors: int) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for entry in table.tables(slot, what):
        name = entry.text(4, "the name")
        if name in found:
            raise entry.refuse("the name", repr(name[:LONGEST_SHOWN]), "a name that is used once")
        (found[name],) = entry.indices("the tensor", (entry.integer(6, "I"),), tensors)
    return found
