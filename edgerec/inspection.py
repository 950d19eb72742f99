"""What is inside a bundle or .tflite: bytes by tensor, kind and type, on disk and deflated; ops, signatures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from converters.anatomy import TensorSize, anatomy, free_axes, id_limits
from converters.op_versions import OLDEST_RUNTIME
from converters.tflite_file import TfliteFile
from device_tests.bundle import deflated_bytes
from device_tests.manifest import Manifest
from edgerec.model_file import ModelFile


@dataclass(frozen=True)
class StoredTensor:
    """One stored constant and what it weighs in a download, deflated alone."""

    size: TensorSize
    deflated_bytes: int


@dataclass(frozen=True)
class UsedOp:
    """One (op, version) of the graph, how often it runs, and the oldest runtime that knows it, None when unknown."""

    name: str
    version: int
    count: int
    oldest_runtime: str | None


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
class Inspection:
    """All that a file says of itself.

    `oldest_runtime` is computed from the ops ("" without any, None when one is unknown); `claimed_runtime` is what the
    file's own metadata claims. `members` has the bytes of each member of a bundle, and is empty for a bare .tflite.
    """

    name: str
    sha256: str
    app_bytes: int
    download_bytes: int
    model_bytes: int
    model_deflated_bytes: int
    graph_bytes: int
    tensors: tuple[StoredTensor, ...]
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


def inspect(file: ModelFile) -> Inspection:
    """Give what is inside a file that was read."""
    tflite = file.tflite
    parts = anatomy(tflite)
    return Inspection(
        name=file.name,
        sha256=file.sha256,
        app_bytes=file.app_bytes,
        download_bytes=file.download_bytes,
        model_bytes=tflite.data.nbytes,
        model_deflated_bytes=deflated_bytes(tflite.data),
        graph_bytes=parts.graph_bytes,
        tensors=tuple(StoredTensor(size, deflated_bytes(tflite.data[slice(*size.span)])) for size in parts.tensors),
        ops=tuple(
            UsedOp(name, version, count, OLDEST_RUNTIME.get((name, version)))
            for (name, version), count in sorted(parts.ops.items())
        ),
        signatures=_signatures(tflite),
        oldest_runtime=parts.oldest_runtime,
        claimed_runtime=tflite.min_runtime_version,
        flex=tuple(parts.flex),
        custom=tuple(parts.custom),
        free_axes=tuple(f"{one.name} axis {one.axis}" for one in free_axes(tflite)),
        manifest=None if file.bundle is None else file.bundle.manifest,
        members={} if file.bundle is None else {name: len(data) for name, data in file.bundle.members.items()},
    )


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for key, count in pairs:
        total[key] += count
    return dict(total.most_common())


def _signatures(tflite: TfliteFile) -> tuple[SignatureShape, ...]:
    shapes = []
    for signature in tflite.signatures:
        tensors = tflite.subgraphs[signature.subgraph].tensors
        ids = id_limits(tflite, signature.key)
        inputs, outputs = (
            tuple(
                Port(name, tensors[index].dtype, tensors[index].shape_signature, ids.get(name))
                for name, index in sorted(ports.items())
            )
            for ports in (signature.inputs, signature.outputs)
        )
        shapes.append(SignatureShape(signature.key, inputs, outputs))
    return tuple(shapes)
