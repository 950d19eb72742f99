"""What the file itself says: sizes, tables and ops, read out of model.tflite each time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from converters.anatomy import Anatomy, TensorSize
from converters.signature_limits import id_limits
from edgerec.floors import Kept
from edgerec.gate.baseline import StoredTensor
from edgerec.gate.limit_kind import Amount, tensor_kind, tensor_pattern
from edgerec.gate.verdict import Check, GrownTensor, LargeTensor
from edgerec.model_file import ModelFile
from edgerec.statistics import Interval

READ = "read from the file"
NAMED_TENSORS = 3


@dataclass(frozen=True)
class Reading:
    """An amount that was read or measured, or None and the reason why there is none.

    `kept` is what became of a floor where the amount is a share of float32's, `interval` what raw values say of how
    sure the amount is, None where it is exact or of one value. `remedy` is what to do where no report would tell it.
    """

    amount: Amount | None
    provenance: str = ""
    source: str = ""
    reason: str = ""
    kept: Kept | None = None
    interval: Interval | None = None
    remedy: str = ""


def read_amount(name: str, file: ModelFile, anatomy: Anatomy) -> Reading:
    """Give what the limit of this name compares, read from the file."""
    if tensor_pattern(name):
        return _called(name, anatomy)
    if tensor_kind(name):
        return Reading(sum(tensor.bytes for tensor in tensors_of(name, anatomy)), READ)
    return _READERS[name](file, anatomy)


def tensors_of(name: str, anatomy: Anatomy) -> tuple[TensorSize, ...]:
    """Give the tensors that a limit is about, largest first: some by name or kind, else all."""
    pattern, kind = tensor_pattern(name), tensor_kind(name)
    fits = (one for one in anatomy.tensors if not pattern or fnmatchcase(one.name, pattern))
    return tuple(one for one in fits if not kind or one.kind == kind)


def largest_tensors(name: str, anatomy: Anatomy) -> tuple[LargeTensor, ...]:
    """Give the tensors worth naming when a model is too large for the limit of this name."""
    return tuple(
        LargeTensor(tensor.name, tensor.dtype, tuple(tensor.shape), tensor.bytes)
        for tensor in tensors_of(name, anatomy)[:NAMED_TENSORS]
    )


def grown_tensors(name: str, anatomy: Anatomy, before: Sequence[StoredTensor]) -> tuple[GrownTensor, ...]:
    """Give the tensors that grew most since the baseline, of those that the limit of this name is about."""
    then = {one.name: one for one in before}
    grown = []
    for one in tensors_of(name, anatomy):
        old = then.get(one.name)
        before_bytes, dtype = (0, "") if old is None else (old.size_bytes, old.dtype)
        if one.bytes > before_bytes:
            grown.append(GrownTensor(one.name, one.dtype, tuple(one.shape), one.bytes, before_bytes, dtype))
    return tuple(sorted(grown, key=lambda one: one.before_bytes - one.size_bytes)[:NAMED_TENSORS])


def signature_check(file: ModelFile) -> Check | None:
    """Check that the model has the signature, inputs and output that the bundle's manifest names; None without one.

    An app calls the model by what the manifest says: a name that is not there, or an id that no table row answers,
    fails on the phone.
    """
    if file.bundle is None:
        return None
    manifest = file.bundle.manifest
    signature = next((one for one in file.tflite.signatures if one.key == manifest.signature), None)
    promised = f"{', '.join(one.name for one in manifest.inputs)} -> {manifest.output}"
    found = "no such signature"
    reason = ""
    if signature is not None:
        found = f"{', '.join(sorted(signature.inputs))} -> {', '.join(sorted(signature.outputs))}"
        if {one.name for one in manifest.inputs} != set(signature.inputs) or manifest.output not in signature.outputs:
            reason = "the app would call the model by names that it does not have"
        rows = id_limits(file.tflite, manifest.signature)
        for one in manifest.inputs:
            if one.ids > rows.get(one.name, one.ids):
                reason = f"ids of {one.name} go up to {one.ids - 1} and its table has {rows[one.name]} rows"
            if one.role == "vector" and one.name in signature.inputs:
                taken = file.tflite.subgraphs[signature.subgraph].tensors[signature.inputs[one.name]].shape[1:]
                if taken != (one.length,):
                    reason = f"{one.name} has {one.length} numbers and the model takes {list(taken)}"
    held = signature is not None and not reason
    return Check("signature", "text", "is", promised, found, held, READ, reason=reason)


def _called(name: str, anatomy: Anatomy) -> Reading:
    """Sum the tensors whose names fit; none at all is no proof, since a tensor that was renamed would slip by."""
    found = [tensor.bytes for tensor in tensors_of(name, anatomy)]
    if found:
        return Reading(sum(found), READ)
    names = ", ".join(tensor.name[:60] for tensor in anatomy.tensors[:NAMED_TENSORS]) or "none"
    return Reading(None, READ, reason=f"no tensor is called {tensor_pattern(name)}; the largest are {names}")


def _brotli_bytes(file: ModelFile, _anatomy: Anatomy) -> Reading:
    try:
        import brotli  # noqa: PLC0415 - it is an extra, and compressing takes a second for a megabyte
    except ImportError:
        return Reading(None, reason="Brotli is not installed", remedy="pip install 'edgerec[brotli]'")
    parts = [file.tflite.data] if file.bundle is None else file.bundle.app.values()
    return Reading(sum(len(brotli.compress(bytes(part))) for part in parts), READ)


def _oldest_runtime(_file: ModelFile, anatomy: Anatomy) -> Reading:
    if anatomy.oldest_runtime is None:
        return Reading(None, READ, reason="it has ops or versions that no table of runtimes knows")
    return Reading(anatomy.oldest_runtime, READ)


def _user_table(file: ModelFile, anatomy: Anatomy) -> Reading:
    """Tell whether users ship: an input of user ids has a row for each in the model, and their ids beside it."""
    if file.bundle is None:
        if any(tensor.kind == "table" for tensor in anatomy.tensors):
            return Reading(None, READ, reason="only a bundle says which of the inputs is the user")
        return Reading(amount=False, provenance=READ)
    users = [one for one in file.bundle.manifest.inputs if one.role == "user"]
    reason = "".join(f"input {one.name} has a row for each of {one.ids} users, and their ids ship" for one in users[:1])
    return Reading(bool(users), READ, reason=reason)


_READERS: Mapping[str, Callable[[ModelFile, Anatomy], Reading]] = {
    "app_bytes": lambda file, _: Reading(file.app_bytes, READ),
    "download_bytes": lambda file, _: Reading(file.download_bytes, READ),
    "brotli_bytes": _brotli_bytes,
    "model_bytes": lambda file, _: Reading(file.tflite.data.nbytes, READ),
    "oldest_runtime": _oldest_runtime,
    "flex": lambda _, anatomy: Reading(bool(anatomy.flex), READ, reason=", ".join(anatomy.flex)),
    "custom": lambda _, anatomy: Reading(bool(anatomy.custom), READ, reason=", ".join(anatomy.custom)),
    "user_table": _user_table,
}
