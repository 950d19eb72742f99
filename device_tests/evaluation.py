"""What `proof/` holds for measuring, as .npy members: evaluation users, golden outputs, the ranks of float32."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from device_tests.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_tests.manifest import Manifest

Ids = npt.NDArray[np.int32]

_SEEN = ("proof/eval_seen_offsets.npy", "proof/eval_seen_values.npy")
_RELEVANT = ("proof/eval_relevant_offsets.npy", "proof/eval_relevant_values.npy")
_POPULARITY = "proof/eval_popularity.npy"
_GOLDEN = ("proof/golden_users.npy", "proof/golden_float_top.npy", "proof/golden_decoded_scores.npy")
_BASELINE = "proof/baseline_ranks.npy"
_NPY_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '(<[if]4)', 'fortran_order': False, "
    rb"'shape': \(([0-9]{1,10},(?: [0-9]{1,10})?)\), \} *\n",
    re.DOTALL,
)
_NPY_LONGEST = 256


def input_member(name: str) -> str:
    """Return the member that holds the evaluation users' values of an input."""
    return f"proof/eval_input_{name}.npy"


@dataclass(frozen=True, eq=False)
class Ragged:
    """Lists of ids of different lengths: list u is values[offsets[u]:offsets[u + 1]]."""

    offsets: Ids
    values: Ids

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Ids:
        part: Ids = self.values[self.offsets[index] : self.offsets[index + 1]]
        return part

    @property
    def rows(self) -> Ids:
        """Which list each value stands in, int32, as long as `values`."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.offsets))

    def take(self, rows: npt.NDArray[np.integer]) -> Ragged:
        """Return the lists at these rows, in this order."""
        parts = [self[int(row)] for row in rows]
        return Ragged.from_lists(parts)

    @classmethod
    def from_lists(cls, lists: list[Ids]) -> Ragged:
        """Return the same lists end to end."""
        offsets = np.zeros(len(lists) + 1, np.int32)
        np.cumsum([len(each) for each in lists], out=offsets[1:])
        values = np.concatenate([np.zeros(0, np.int32), *lists]).astype(np.int32)
        return cls(offsets, values)


@dataclass(frozen=True, eq=False)
class EvaluationSet:
    """Users to measure with: their inputs, what they have seen (never recommended) and what was held out.

    `inputs` maps every user-side input to int32 [users] or [users, length]; `popularity` is the training interactions
    of each item, int32 [items].
    """

    inputs: dict[str, Ids]
    seen: Ragged
    relevant: Ragged
    popularity: Ids

    @property
    def users(self) -> int:
        """How many users there are."""
        return len(self.seen)

    def segments(self) -> dict[str, tuple[int, ...]]:
        """Return indices into the held-out items by the item's popularity and by the length of the user's history.

        Items sorted by popularity, ties by lower id: `head` are those that hold the first third of all training
        interactions, `middle` the second, `tail` the rest. `short_history` are users with fewer seen items than the
        median user, `long_history` the others.
        """
        by_popularity = np.argsort(-self.popularity.astype(np.int64), kind="stable")
        before = np.cumsum(self.popularity[by_popularity], dtype=np.int64) - self.popularity[by_popularity]
        total = int(self.popularity.sum(dtype=np.int64))
        third = np.empty(len(self.popularity), np.int64)
        third[by_popularity] = np.minimum(2, before * 3 // total) if total else 2
        of_item = third[self.relevant.values]
        lengths = np.diff(self.seen.offsets)
        is_short = (lengths < np.median(lengths))[self.relevant.rows] if self.users else np.zeros(0, bool)
        masks = {
            "head": of_item == 0,
            "middle": of_item == 1,
            "tail": of_item == 2,  # noqa: PLR2004 -- the last of three
            "short_history": is_short,
            "long_history": ~is_short,
        }
        return {name: tuple(np.flatnonzero(mask).tolist()) for name, mask in masks.items()}

    def to_members(self) -> dict[str, bytes]:
        """Return the members of a bundle that hold this set."""
        members = {input_member(name): to_npy(values) for name, values in self.inputs.items()}
        for names, lists in ((_SEEN, self.seen), (_RELEVANT, self.relevant)):
            members[names[0]], members[names[1]] = to_npy(lists.offsets), to_npy(lists.values)
        return {**members, _POPULARITY: to_npy(self.popularity)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], manifest: Manifest) -> Optional[EvaluationSet]:
        """Return the set in a bundle's members, None when there is none; BundleError when it is not whole or valid."""
        wanted = {input_member(each.name): each for each in manifest.inputs if each.role != "item"}
        if not _all_or_none(members, (*wanted, *_SEEN, *_RELEVANT, _POPULARITY)):
            return None
        seen = _ragged(members, _SEEN, manifest.items)
        relevant = _ragged(members, _RELEVANT, manifest.items)
        if len(relevant) != len(seen):
            raise BundleError(f"{_RELEVANT[0]} is of {len(relevant)} users where {_SEEN[0]} is of {len(seen)}")
        inputs = {}
        for name, each in wanted.items():
            shape = (len(seen), each.length) if each.length else (len(seen),)
            inputs[each.name] = _ids(members, name, shape, each.ids)
        popularity = _ids(members, _POPULARITY, (manifest.items,), 1 << 31)
        return cls(inputs, seen, relevant, popularity)


@dataclass(frozen=True, eq=False)
class Golden:
    """Outputs that come from somewhere else than the runtime that replays them.

    `users` int32 [G] are rows of the evaluation set; `float_top` int32 [G, k] the float32 Keras model's top k of the
    unseen items; `decoded_scores` float32 [D, items] the NumPy decode of the file for the first D of them.
    """

    users: Ids
    float_top: Ids
    decoded_scores: npt.NDArray[np.float32]

    def to_members(self) -> dict[str, bytes]:
        """Return the members of a bundle that hold these outputs."""
        return dict(zip(_GOLDEN, map(to_npy, (self.users, self.float_top, self.decoded_scores))))

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], manifest: Manifest, users: int) -> Optional[Golden]:
        """Return the golden outputs for a set of `users`, None when there are none; BundleError when not valid."""
        if not _all_or_none(members, _GOLDEN):
            return None
        rows = _ids(members, _GOLDEN[0], (None,), users)
        float_top = _ids(members, _GOLDEN[1], (len(rows), manifest.k), manifest.items)
        decoded = from_npy(members[_GOLDEN[2]], _GOLDEN[2], "<f4", (None, manifest.items))
        if not len(decoded) <= len(rows) or not len(rows):
            raise BundleError(f"{_GOLDEN[2]} is of {len(decoded)} users where {_GOLDEN[0]} names {len(rows)}")
        if not np.isfinite(decoded).all():
            raise BundleError(f"{_GOLDEN[2]} holds scores that are not finite")
        if (np.diff(np.sort(float_top, axis=1), axis=1) == 0).any():
            raise BundleError(f"{_GOLDEN[1]} names an item twice in one list")
        return cls(rows, float_top, decoded)


@dataclass(frozen=True, eq=False)
class Baseline:
    """Ranks of every held-out item under the float32 .tflite, int32, aligned with the held-out items."""

    ranks: Ids

    def to_members(self) -> dict[str, bytes]:
        """Return the member of a bundle that holds these ranks."""
        return {_BASELINE: to_npy(self.ranks)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], manifest: Manifest, relevant: int) -> Optional[Baseline]:
        """Return the ranks of `relevant` held-out items, None when there are none; BundleError when not valid."""
        if _BASELINE not in members:
            return None
        ranks = _ids(members, _BASELINE, (relevant,), manifest.items + 1)
        if (ranks < 1).any():
            raise BundleError(f"{_BASELINE} holds a rank below 1")
        return cls(ranks)


def to_npy(array: npt.NDArray[np.generic]) -> bytes:
    """Return an int32 or float32 array as the bytes of a .npy file, version 1.0, little-endian, C order."""
    kind = "<f4" if np.issubdtype(array.dtype, np.floating) else "<i4"
    file = io.BytesIO()
    same = np.ascontiguousarray(array).astype(kind, casting="same_kind")
    np.lib.format.write_array(file, same, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def from_npy(data: bytes, where: str, kind: str, shape: tuple[Optional[int], ...]) -> npt.NDArray[np.float32]:
    """Return the array of a .npy file without believing it: nothing is allocated that the file does not hold.

    `kind` is "<i4" or "<f4"; None in `shape` is any length. BundleError for anything else than such a file.
    """
    match = _NPY_HEADER.match(data[:_NPY_LONGEST])
    if not match or int.from_bytes(match[1], "little") != match.end() - 10:
        raise BundleError(f"{where} is no .npy file as edgerec writes them")
    found = tuple(int(length) for length in match[3].replace(b",", b" ").split())
    fits = len(found) == len(shape) and all(want in (None, have) for want, have in zip(shape, found))
    if match[2] != kind.encode() or not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise BundleError(f"{where} should be {kind} of shape ({wanted}), not {match[2].decode()} of shape {found}")
    if 4 * math.prod(found) != len(data) - match.end():
        raise BundleError(
            f"{where} holds {len(data) - match.end()} bytes where shape {found} needs {4 * math.prod(found)}"
        )
    array: npt.NDArray[np.float32] = np.frombuffer(data, kind, math.prod(found), match.end()).reshape(found)
    return array


def _ids(members: Mapping[str, bytes], name: str, shape: tuple[Optional[int], ...], limit: int) -> Ids:
    array: Ids = from_npy(members[name], name, "<i4", shape).view(np.int32)
    if array.size and (int(array.min()) < 0 or int(array.max()) >= limit):
        raise BundleError(f"{name} holds values from {array.min()} to {array.max()}, outside 0 to {limit - 1}")
    return array


def _ragged(members: Mapping[str, bytes], names: tuple[str, str], limit: int) -> Ragged:
    values = _ids(members, names[1], (None,), limit)
    offsets = _ids(members, names[0], (None,), len(values) + 1)
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(values) or (np.diff(offsets) < 0).any():
        raise BundleError(f"{names[0]} should rise from 0 to {len(values)}")
    return Ragged(offsets, values)


def _all_or_none(members: Mapping[str, bytes], names: tuple[str, ...]) -> bool:
    missing = [name for name in names if name not in members]
    if missing and len(missing) < len(names):
        raise BundleError(f"{missing[0]} is missing while others of its kind are there")
    return not missing
