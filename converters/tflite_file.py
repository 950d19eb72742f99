"""What a .tflite file holds, read with the standard library alone and without trusting a byte of it."""

import mmap
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from converters import graph_tables, schema
from converters.errors import TfliteError
from converters.flatbuffer import Flatbuffer, Table
from converters.graph import Operator, OperatorCode, Quantization, Signature, Subgraph, Tensor

__all__ = [
    "Operator",
    "OperatorCode",
    "Quantization",
    "Signature",
    "Subgraph",
    "Tensor",
    "TfliteFile",
    "parse",
    "read",
]

_PADDING_BYTES = 16


@dataclass(frozen=True, slots=True)
class TfliteFile:
    """A parsed file; `data` stays the caller's bytes (or the mapped file) and nothing in it is copied.

    `spans` has the first byte and the end of each buffer, in `data`; `operator_codes` also has those that no operator
    uses.
    """

    name: str
    data: memoryview
    version: int
    description: str
    operator_codes: tuple[OperatorCode, ...]
    subgraphs: tuple[Subgraph, ...]
    spans: tuple[tuple[int, int], ...]
    signatures: tuple[Signature, ...]
    metadata: Mapping[str, int]

    @property
    def min_runtime_version(self) -> str | None:
        """The oldest runtime that the converter claimed, None where it claimed none."""
        buffer = self.metadata.get("min_runtime_version")
        if buffer is None:
            return None
        start, end = self.spans[buffer]
        claimed = bytes(self.data[start : min(end, start + graph_tables.LONGEST_SHOWN)])
        return claimed.rstrip(b"\0").decode("ascii", "backslashreplace") or None

    def constant(self, tensor: Tensor) -> memoryview:
        """Return the bytes stored for `tensor`, none of them when it is computed at run time."""
        start, end = self.spans[tensor.buffer]
        return self.data[start:end]


def read(path: str | Path) -> TfliteFile:
    """Map the file at `path` and parse it; raise `TfliteError` when it cannot be opened or is no .tflite file."""
    path = Path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise TfliteError(f"{path}: cannot be read: it is no file; a pipe or a device may never end")
        with path.open("rb") as stream:
            if stream.seek(0, 2) == 0:
                raise TfliteError(f"{path.name}: not a TFLite file: got an empty file, expected a model")
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise TfliteError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a path that holds a zero byte
        raise TfliteError(f"{path}: cannot be read: {error}") from error
    return parse(memoryview(data), path.name)


def parse(data: bytes | memoryview, name: str = "model") -> TfliteFile:
    """Return what the file in `data` holds; raise `TfliteError`, one sentence that begins with `name`, for any other.

    Files truncated at any byte are refused; so are indices out of range, constants whose size does not fit their shape
    and numbers of types, operators and activations that the schema does not have.
    """
    buffer = Flatbuffer(memoryview(data).cast("B"), name)
    root = buffer.root(schema.IDENTIFIER)
    version = root.integer(4, "I")
    if version != schema.VERSION:
        raise root.refuse("the schema version", version, str(schema.VERSION))
    spans = tuple(_span(table) for table in root.tables(12, "buffer"))
    for start, end in set(spans):
        buffer.pay(end - start, "the data of the buffers")
    codes = tuple(graph_tables.operator_code(table) for table in root.tables(6, "operator code"))
    subgraphs = tuple(graph_tables.subgraph(table, codes, spans) for table in root.tables(8, "subgraph"))
    if not subgraphs:
        raise root.refuse("the subgraphs", "none", "at least one")
    root.span(14, "the metadata buffers", 4)
    file = TfliteFile(
        name=name,
        data=buffer.data,
        version=version,
        description=root.text(10, "the description"),
        operator_codes=codes,
        subgraphs=subgraphs,
        spans=spans,
        signatures=graph_tables.signatures(root, subgraphs),
        metadata=_metadata(root, len(spans)),
    )
    _check_tail(buffer)
    return file


def _check_tail(buffer: Flatbuffer) -> None:
    """Refuse a file that lost some of the zero bytes that fill its last word; longer tails are an appendix."""
    size = len(buffer.data)
    if size % 4 and size - buffer.reach < _PADDING_BYTES:
        raise buffer.refuse("the size", f"{size} bytes", "a multiple of 4 (the file looks truncated)")


def _span(table: Table) -> tuple[int, int]:
    start, end = table.span(4, "the data")
    offset, size = table.integer(6, "Q"), table.integer(8, "Q")
    if offset < graph_tables.FIRST_OFFSET_OUTSIDE:
        return start, end
    table.buffer.claim(offset, size, f"the data of {table.where}")
    return offset, offset + size


def _metadata(root: Table, buffers: int) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for entry in root.tables(16, "metadata entry"):
        (buffer,) = entry.indices("the buffer", (entry.integer(6, "I"),), buffers)
        found.setdefault(entry.text(4, "the name"), buffer)
    return found
