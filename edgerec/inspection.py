"""What is inside a bundle or .tflite: bytes by tensor, op and kind, on disk and deflated; numbers, ops, signatures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TypeVar

from converters.accounting import OperatorSize, between, graph_bytes_by_part, operator_sizes
from converters.anatomy import TensorSize, anatomy
from converters.content import content_sha256, data_digests
from converters.op_versions import OLDEST_RUNTIME
from converters.signature_limits import free_axes, id_limits_by_signature
from converters.stored_numbers import numbers
from converters.tflite_file import TfliteFile
from device_tests.bundle import deflated_bytes
from device_tests.manifest import Manifest
from edgerec.model_file import ModelFile
from edgerec.weighing import LOOKED_AT_BYTES, Part, Weighed, weigh

Key = TypeVar("Key")
MODEL = "app/model.tflite"


@dataclass(frozen=True)
class StoredTensor:
    """One stored constant, what it weighs in a download, deflated alone, and what numbers it holds.

    `zeros` is the share of its elements that stand for 0, those that a sparse tensor does not store among them;
    `distinct` how many different values are stored, None for more than 65,536; both are None for a type that holds no
    numbers. Where `estimated`, only blocks were read, and there are at least `distinct` of them. `sha256` is of all its
    data.
    """

    size: TensorSize
    deflated_bytes: int
    zeros: float | None
    distinct: int | None
    estimated: bool
    sha256: str


@dataclass(frozen=True)
class UsedOp:
    """One (op, version) of the graph, how often it runs, and the oldest runtime that knows it, None when unknown.

    `bytes` are those of the stored tensors that it is the first to read.
    """

    name: str
    version: int
    count: int
    oldest_runtime: str | None
    bytes: int


@dataclass(frozen=True)
class Port:
    """One named input or output of a signature; -1 in `shape` is an axis that may be resized.

    `ids` is how many rows the table has that the input looks up, None for an input that looks up none.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    ids: int | None = None


@dataclass(frozen=True)
class SignatureShape:
    """One signature: its key, its inputs and its outputs."""

    key: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


@dataclass(frozen=True)
class Duplicate:
    """Equal data that is stored more than once: the tensors that hold it, and the bytes of all copies but one."""

    tensors: tuple[str, ...]
    wasted_bytes: int


@dataclass(frozen=True)
class Inspection:
    """All that a file says of itself.

    `content_sha256` is equal for files that compute the same (`converters.content`). `oldest_runtime` is computed from
    the ops ("" without any, None when one is unknown); `claimed_runtime` is what the file's own metadata claims.
    `members` has the bytes of each member of a bundle, and is empty for a bare .tflite. The bytes of all tensors and
    `graph_bytes` add up to `model_bytes`, those of `graph_parts` to `graph_bytes`, those of `operators` and
    `unread_bytes` to the tensors'. Where `estimated`, the deflated bytes are not all measured.
    """

    name: str
    sha256: str
    content_sha256: str
    app_bytes: int
    download_bytes: int
    model_bytes: int
    model_deflated_bytes: int
    estimated: bool
    graph_bytes: int
    graph_parts: Mapping[str, int]
    tensors: tuple[StoredTensor, ...]
    operators: tuple[OperatorSize, ...]
    unread_bytes: int
    duplicates: tuple[Duplicate, ...]
    ops: tuple[UsedOp, ...]
    signatures: tuple[SignatureShape, ...]
    oldest_runtime: str | None
    claimed_runtime: str | None
    flex: tuple[str, ...]
    custom: tuple[str, ...]
    free_axes: tuple[str, ...]
    manifest: Manifest | None
    members: Mapping[str, int]

    @property
    def by_kind(self) -> dict[str, int]:
        """Give the stored bytes by what reads them: table, dense or other."""
        return _summed((tensor.size.kind, tensor.size.bytes) for tensor in self.tensors)

    @property
    def by_dtype(self) -> dict[str, int]:
        """Give the stored bytes by element type."""
        return _summed((tensor.size.dtype, tensor.size.bytes) for tensor in self.tensors)


def inspect(file: ModelFile, *, deep: bool = False) -> Inspection:
    """Give what is inside a file that was read.

    Of a file of more than 4 MiB only so much is deflated and counted, in blocks evenly spaced over what is large,
    unless `deep` asks for everything. Raises TfliteError for a file whose tensors overlap.
    """
    tflite = file.tflite
    parts = anatomy(tflite)
    digests = data_digests(tflite)
    operators = operator_sizes(tflite, parts.tensors)
    read = sum(one.bytes for one in operators)
    by_op = _summed(((one.name, one.version), one.bytes) for one in operators)
    weights = _Weights.of(file, parts.tensors, deep=deep)
    return Inspection(
        name=file.name,
        sha256=file.sha256,
        content_sha256=content_sha256(tflite, digests),
        app_bytes=file.app_bytes,
        download_bytes=weights.download_bytes,
        model_bytes=tflite.data.nbytes,
        model_deflated_bytes=weights.model_bytes,
        estimated=weights.estimated,
        graph_bytes=parts.graph_bytes,
        graph_parts=graph_bytes_by_part(tflite),
        tensors=tuple(
            _stored(size, weight, digests[size.span])
            for size, weight in zip(parts.tensors, weights.tensors, strict=True)
        ),
        operators=operators,
        unread_bytes=sum(size.bytes for size in parts.tensors) - read,
        duplicates=_duplicates(parts.tensors, digests),
        ops=tuple(
            UsedOp(*op, count, OLDEST_RUNTIME.get(op), by_op.get(op, 0)) for op, count in sorted(parts.ops.items())
        ),
        signatures=_signatures(tflite),
        oldest_runtime=parts.oldest_runtime,
        claimed_runtime=tflite.min_runtime_version,
        flex=parts.flex,
        custom=parts.custom,
        free_axes=tuple(f"{one.name} axis {one.axis}" for one in free_axes(tflite)),
        manifest=None if file.bundle is None else file.bundle.manifest,
        members={} if file.bundle is None else {name: len(data) for name, data in file.bundle.members.items()},
    )


@dataclass(frozen=True)
class _Weights:
    """Every tensor weighed, and what the model and all that ships weigh deflated."""

    tensors: tuple[Weighed, ...]
    model_bytes: int
    download_bytes: int
    estimated: bool

    @staticmethod
    def of(file: ModelFile, tensors: tuple[TensorSize, ...], *, deep: bool) -> "_Weights":
        data = file.tflite.data
        stored = [Part((data[slice(*one.span)],), partial(numbers, one)) for one in tensors]
        graph = Part(tuple(data[slice(*span)] for span in between(file.tflite, tensors)))
        app = {} if file.bundle is None else file.bundle.app
        others = [Part((memoryview(member),)) for name, member in app.items() if name != MODEL]
        weighed = weigh((*stored, graph, *others), None if deep else LOOKED_AT_BYTES)
        own, beside = weighed[: len(stored) + 1], weighed[len(stored) + 1 :]
        estimated = any(one.estimated for one in weighed)
        # Deflated as one, a file is a little smaller or larger than its parts deflated alone.
        model = sum(one.deflated_bytes for one in own) if estimated else deflated_bytes(data)
        return _Weights(own[:-1], model, model + sum(one.deflated_bytes for one in beside), estimated)


def _stored(size: TensorSize, weighed: Weighed, sha256: str) -> StoredTensor:
    found = weighed.numbers
    zeros = None
    if found is not None and found.zeros is not None and found.elements:
        zeros = found.zeros / found.elements
        if size.sparse:
            zeros = 1 - (1 - zeros) * _stored_share(size, found.elements * weighed.bytes / weighed.looked_at_bytes)
    distinct = None if found is None else found.distinct
    return StoredTensor(size, weighed.deflated_bytes, zeros, distinct, weighed.estimated, sha256)


def _stored_share(size: TensorSize, stored: float) -> float:
    return min(1.0, stored / max(1, prod(size.shape)))


def _duplicates(tensors: Iterable[TensorSize], digests: Mapping[tuple[int, int], str]) -> tuple[Duplicate, ...]:
    same: dict[str, list[TensorSize]] = {}
    for tensor in tensors:
        same.setdefault(digests[tensor.span], []).append(tensor)
    found = (
        Duplicate(tuple(one.name for one in copies), sum(one.bytes for one in copies[1:]))
        for copies in same.values()
        if len(copies) > 1
    )
    return tuple(sorted(found, key=lambda one: (-one.wasted_bytes, one.tensors)))


def _summed(pairs: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    total: Counter[Key] = Counter()
    for key, count in pairs:
        total[key] += count
    return dict(total.most_common())


def _signatures(tflite: TfliteFile) -> tuple[SignatureShape, ...]:
    shapes = []
    limits = id_limits_by_signature(tflite)
    for signature in tflite.signatures:
        tensors = tflite.subgraphs[signature.subgraph].tensors
        ids = limits[signature.key]
        inputs, outputs = (
            tuple(
                Port(name, tensors[index].dtype, tensors[index].shape_signature, ids.get(name))
                for name, index in sorted(ports.items())
            )
            for ports in (signature.inputs, signature.outputs)
        )
        shapes.append(SignatureShape(signature.key, inputs, outputs))
    return tuple(shapes)
