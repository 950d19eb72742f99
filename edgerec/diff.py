"""What changed between two bundles or .tflite files: content, tensors, ops, signatures, the oldest runtime."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgerec.inspection import Inspection, SignatureShape, StoredTensor

# Names that the converter counts up: number 2 of one file has nothing to do with number 2 of another.
_NUMBERED = re.compile(r"(arith\.constant|tfl\.pseudo_q?const)\d*")

Match = Literal["name", "content", "shape"]
Status = Literal["added", "removed", "changed", "same"]


@dataclass(frozen=True)
class TensorChange:
    """A stored tensor of the old file and the one of the new file that it became; None where there is none.

    `matched_by` says how they were found to be the same one: "name" (but for those that the converter counts up), else
    "content" (type, shape and data), else "shape" (the next of the same shape and kind).
    """

    old: StoredTensor | None
    new: StoredTensor | None
    matched_by: Match | None

    @property
    def status(self) -> Status:
        """What became of it."""
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        return "changed" if self.what else "same"

    @property
    def what(self) -> tuple[str, ...]:
        """What is different: of dtype, shape, bytes, scales and data; nothing for one that was added or removed."""
        if self.old is None or self.new is None:
            return ()
        before, after = self.old.size, self.new.size
        pairs = {
            "dtype": (before.dtype, after.dtype),
            "shape": (before.shape, after.shape),
            "bytes": (before.bytes, after.bytes),
            "scales": (before.scales, after.scales),
            "data": (self.old.sha256, self.new.sha256),
        }
        return tuple(name for name, (one, other) in pairs.items() if one != other)

    @property
    def grown_bytes(self) -> int:
        """How much larger the new file's is, its scales not among it."""
        return sum(one.size.bytes for one in (self.new,) if one) - sum(one.size.bytes for one in (self.old,) if one)


@dataclass(frozen=True)
class OpChange:
    """An (op, version) that runs another number of times; 0 where it does not run."""

    name: str
    version: int
    old_count: int
    new_count: int


@dataclass(frozen=True)
class SignatureChange:
    """A signature that has other inputs or outputs, or that only one file has."""

    key: str
    old: SignatureShape | None
    new: SignatureShape | None


@dataclass(frozen=True)
class Difference:
    """Two files, inspected, and what differs; `tensors` are all of both, those that grew or shrank most first."""

    old: Inspection
    new: Inspection
    tensors: tuple[TensorChange, ...]
    ops: tuple[OpChange, ...]
    signatures: tuple[SignatureChange, ...]

    @property
    def same_content(self) -> bool:
        """Whether an interpreter computes the same with both, by the hash of `converters.content`."""
        return self.old.content_sha256 == self.new.content_sha256


def diff(old: Inspection, new: Inspection) -> Difference:
    """Compare two files that were inspected."""
    ops_old, ops_new = ({(op.name, op.version): op.count for op in one.ops} for one in (old, new))
    signatures_old, signatures_new = ({one.key: one for one in each.signatures} for each in (old, new))
    return Difference(
        old=old,
        new=new,
        tensors=tuple(sorted(_matched(old.tensors, new.tensors), key=_order)),
        ops=tuple(
            OpChange(*op, ops_old.get(op, 0), ops_new.get(op, 0))
            for op in sorted({*ops_old, *ops_new})
            if ops_old.get(op) != ops_new.get(op)
        ),
        signatures=tuple(
            SignatureChange(key, signatures_old.get(key), signatures_new.get(key))
            for key in sorted({*signatures_old, *signatures_new})
            if signatures_old.get(key) != signatures_new.get(key)
        ),
    )


def _order(change: TensorChange) -> tuple[object, ...]:
    found = change.new or change.old
    size = 0 if found is None else found.size.bytes
    return -abs(change.grown_bytes), change.status == "same", -size, "" if found is None else found.size.name


def _by_name(tensor: StoredTensor) -> Hashable:
    return tensor.size.name if tensor.size.named and not _NUMBERED.fullmatch(tensor.size.name) else None


def _by_content(tensor: StoredTensor) -> Hashable:
    return tensor.sha256, tensor.size.dtype, tensor.size.shape


def _by_shape(tensor: StoredTensor) -> Hashable:
    return tensor.size.shape, tensor.size.kind


_MATCHES: Mapping[Match, Callable[[StoredTensor], Hashable]] = {
    "name": _by_name,
    "content": _by_content,
    "shape": _by_shape,
}


def _matched(old: Sequence[StoredTensor], new: Sequence[StoredTensor]) -> list[TensorChange]:
    left, right = (sorted(each, key=lambda one: one.size.place) for each in (old, new))
    found = []
    for match, key_of in _MATCHES.items():
        candidates: dict[Hashable, list[StoredTensor]] = defaultdict(list)
        for tensor in reversed(right):
            candidates[key_of(tensor)].append(tensor)
        unmatched = []
        for tensor in left:
            key = key_of(tensor)
            if key is not None and candidates[key]:
                found.append(TensorChange(tensor, candidates[key].pop(), match))
            else:
                unmatched.append(tensor)
        left = unmatched
        right = sorted((one for each in candidates.values() for one in each), key=lambda one: one.size.place)
    return [
        *found,
        *(TensorChange(one, None, None) for one in left),
        *(TensorChange(None, one, None) for one in right),
    ]
