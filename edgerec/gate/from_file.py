"""What the file itself says: sizes, tables and ops, read out of model.tflite each time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from converters.anatomy import Anatomy, id_limits
from edgerec.gate.budget import Amount
from edgerec.gate.verdict import Check, LargeTensor
from edgerec.model_file import ModelFile

READ = "read from the file"
NAMED_TENSORS = 3


@dataclass(frozen=True)
class Reading:
    """An amount that was read or measured, or None and the reason why there is none."""

    amount: Amount | None
    provenance: str = ""
    source: str = ""
    reason: str = ""


def read_amount(name: str, file: ModelFile, anatomy: Anatomy) -> Reading:
    """Give what the limit of this name compares, read from the file."""
    return _READERS[name](file, anatomy)


def largest_tensors(anatomy: Anatomy) -> tuple[LargeTensor, ...]:
    """Give the tensors worth naming when a model is too large."""
    return tuple(
        LargeTensor(tensor.name, tensor.dtype, tuple(tensor.shape), tensor.bytes)
        for tensor in anatomy.tensors[:NAMED_TENSORS]
    )


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


def _oldest_runtime(_file: ModelFile, anatomy: Anatomy) -> Reading:
    if anatomy.oldest_runtime is None:
        return Reading(None, READ, reason="it has ops or versions that no table of runtimes knows")
    return Reading(anatomy.oldest_runtime, READ)


def _user_table(file: ModelFile, anatomy: Anatomy) -> Reading:
    if not any(tensor.kind == "table" for tensor in anatomy.tensors):
        return Reading(amount=False, provenance=READ)
    if file.bundle is None:
        return Reading(None, READ, reason="only a bundle says which of the inputs is the user")
    return Reading(any(one.role == "user" for one in file.bundle.manifest.inputs), READ)


_READERS: Mapping[str, Callable[[ModelFile, Anatomy], Reading]] = {
    "app_bytes": lambda file, _: Reading(file.app_bytes, READ),
    "download_bytes": lambda file, _: Reading(file.download_bytes, READ),
    "model_bytes": lambda file, _: Reading(file.tflite.data.nbytes, READ),
    "oldest_runtime": _oldest_runtime,
    "flex": lambda _, anatomy: Reading(bool(anatomy.flex), READ, reason=", ".join(anatomy.flex)),
    "custom": lambda _, anatomy: Reading(bool(anatomy.custom), READ, reason=", ".join(anatomy.custom)),
    "user_table": _user_table,
}
