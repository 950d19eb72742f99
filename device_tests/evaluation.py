"""What `proof/` holds for measuring, as .npy members: evaluation users, golden outputs, the ranks of float32."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
import numpy.typing as npt

from device_tests.errors import BundleError
from device_tests.metrics import HALVES
from device_tests.npy import header_of
from device_tests.popularity import THIRDS, halves, thirds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_tests.manifest import Manifest

Ids = npt.NDArray[np.int32]

_SEEN = ("proof/eval_seen_offsets.npy", "proof/eval_seen_values.npy")
_RELEVANT = ("proof/eval_relevant_offsets.npy", "proof/eval_relevant_values.npy")
_POPULARITY = "proof/eval_popularity.npy"
_NEGATIVES = "proof/eval_negatives.npy"
_GOLDEN = ("proof/golden_users.npy", "proof/golden_float_top.npy", "proof/golden_decoded_scores.npy")
_BASELINE = "proof/baseline_ranks.npy"
_BASELINE_CANDIDATES = "proof/baseline_candidate_ranks.npy"
_ROWS_AT_ONCE = 1 << 14


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
        lengths = np.diff(self.offsets)[rows]
        offsets = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(lengths, out=offsets[1:])
        at = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Ragged(offsets, self.values[at])

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

    `inputs` maps every user-side input to int32 [users] or [users, length], or for one of role vector to finite float32
    [users, length]; `popularity` is the training interactions
    of each item, int32 [items]. `negatives`, int32 [held-out items, n], are aligned with `relevant.values`: the items
    of its own popularity half among which each held-out item is ranked, which its user has neither seen nor held out.
    """

    inputs: dict[str, npt.NDArray[Any]]
    seen: Ragged
    relevant: Ragged
    popularity: Ids
    negatives: Optional[Ids] = None

    @property
    def users(self) -> int:
        """How many users there are."""
        return len(self.seen)

    def segments(self) -> dict[str, tuple[int, ...]]:
        """Return indices into the held-out items by the item's popularity and by the length of the user's history.

        `head`, `middle`, `tail`, `popular_half` and `unpopular_half` are the cuts of `device_tests.popularity`.
        `short_history` are users with fewer seen items than the median user, `long_history` the others.
        """
        third = thirds(self.popularity)[self.relevant.values]
        half = halves(self.popularity)[self.relevant.values]
        lengths = np.diff(self.seen.offsets)
        is_short = (lengths < np.median(lengths))[self.relevant.rows] if self.users else np.zeros(0, bool)
        masks = {
            **{name: third == group for group, name in enumerate(THIRDS)},
            **{name: half == group for group, name in enumerate(HALVES)},
            "short_history": is_short,
            "long_history": ~is_short,
        }
        return {name: tuple(np.flatnonzero(mask).tolist()) for name, mask in masks.items()}

    def to_members(self) -> dict[str, bytes]:
        """Return the members of a bundle that hold this set."""
        members = {input_member(name): to_npy(values) for name, values in self.inputs.items()}
        for names, lists in ((_SEEN, self.seen), (_RELEVANT, self.relevant)):
            members[names[0]], members[names[1]] = to_npy(lists.offsets), to_npy(lists.values)
        if self.negatives is not None:
            members[_NEGATIVES] = to_npy(self.negatives)
        return {**members, _POPULARITY: to_npy(self.popularity)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], manifest: Manifest) -> Optional[EvaluationSet]:
        """Return the set in a bundle's members, None when there is none; BundleError when it is not whole or valid."""
        wanted = {input_member(each.name): each for each in manifest.inputs if each.role != "item"}
        if not _all_or_none(members, (*wanted, *_SEEN, *_RELEVANT, _POPULARITY)):
            if _NEGATIVES in members:
                raise BundleError(f"{_NEGATIVES} is there and {_SEEN[0]} is missing")
            return None
        seen = _ragged(members, _SEEN, manifest.items)
        relevant = _ragged(members, _RELEVANT, manifest.items)
        if len(relevant) != len(seen):
            raise BundleError(f"{_RELEVANT[0]} is of {len(relevant)} users where {_SEEN[0]} is of {len(seen)}")
        inputs: dict[str, npt.NDArray[Any]] = {}
        for name, each in wanted.items():
            shape = (len(seen), each.length) if each.length else (len(seen),)
            is_vector = each.role == "vector"
            inputs[each.name] = _numbers(members, name, shape) if is_vector else _ids(members, name, shape, each.ids)
        popularity = _ids(members, _POPULARITY, (manifest.items,), 1 << 31)
        made = cls(inputs, seen, relevant, popularity)
        if _NEGATIVES not in members:
            return made
        found = _ids(members, _NEGATIVES, (len(relevant.values), None), manifest.items)
        return replace(made, negatives=_negatives(found, made))


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
        decoded = _numbers(members, _GOLDEN[2], (None, manifest.items))
        if not len(decoded) <= len(rows) or not len(rows):
            raise BundleError(f"{_GOLDEN[2]} is of {len(decoded)} users where {_GOLDEN[0]} names {len(rows)}")
        if (np.diff(np.sort(float_top, axis=1), axis=1) == 0).any():
            raise BundleError(f"{_GOLDEN[1]} names an item twice in one list")
        return cls(rows, float_top, decoded)


@dataclass(frozen=True, eq=False)
class Baseline:
    """Ranks of every held-out item under the float32 .tflite, int32, aligned with the held-out items.

    `ranks` are among the user's unseen items, `candidate_ranks` among the item and its negatives, None without any.
    """

    ranks: Ids
    candidate_ranks: Optional[Ids] = None

    def to_members(self) -> dict[str, bytes]:
        """Return the members of a bundle that hold these ranks."""
        members = {_BASELINE: to_npy(self.ranks)}
        if self.candidate_ranks is not None:
            members[_BASELINE_CANDIDATES] = to_npy(self.candidate_ranks)
        return members

    @classmethod
    def from_members(
        cls, members: Mapping[str, bytes], manifest: Manifest, evaluation: EvaluationSet
    ) -> Optional[Baseline]:
        """Return the ranks of what a set holds out, None when there are none; BundleError when not valid."""
        if _BASELINE not in members:
            if _BASELINE_CANDIDATES in members:
                raise BundleError(f"{_BASELINE_CANDIDATES} is there and {_BASELINE} is missing")
            return None
        ranks = _ranks(members, _BASELINE, evaluation, manifest.items)
        if _BASELINE_CANDIDATES not in members:
            return cls(ranks)
        if evaluation.negatives is None:
            raise BundleError(f"{_BASELINE_CANDIDATES} is there and {_NEGATIVES} is missing")
        candidates = 1 + evaluation.negatives.shape[1]
        return cls(ranks, _ranks(members, _BASELINE_CANDIDATES, evaluation, candidates))


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
    header = header_of(data, where, kind, shape)
    flat: npt.NDArray[np.float32] = np.frombuffer(data, kind, math.prod(header.shape), header.start)
    return flat.reshape(header.shape)


def _ids(members: Mapping[str, bytes], name: str, shape: tuple[Optional[int], ...], limit: int) -> Ids:
    array: Ids = from_npy(members[name], name, "<i4", shape).view(np.int32)
    if array.size and (int(array.min()) < 0 or int(array.max()) >= limit):
        raise BundleError(f"{name} holds values from {array.min()} to {array.max()}, outside 0 to {limit - 1}")
    return array


def _numbers(members: Mapping[str, bytes], name: str, shape: tuple[Optional[int], ...]) -> npt.NDArray[np.float32]:
    array = from_npy(members[name], name, "<f4", shape)
    if not np.isfinite(array).all():
        raise BundleError(f"{name} holds numbers that are not finite")
    return array


def _ranks(members: Mapping[str, bytes], name: str, evaluation: EvaluationSet, last: int) -> Ids:
    ranks = _ids(members, name, (len(evaluation.relevant.values),), last + 1)
    if (ranks < 1).any():
        raise BundleError(f"{name} holds a rank below 1")
    return ranks


def _negatives(negatives: Ids, evaluation: EvaluationSet) -> Ids:
    """Return the negatives of a set; BundleError unless each can be one of its held-out item."""
    relevant, items = evaluation.relevant, len(evaluation.popularity)
    if not 1 <= negatives.shape[1] < items:
        raise BundleError(f"{_NEGATIVES} should have 1 to {items - 1} items a row, not {negatives.shape[1]}")
    both = (evaluation.seen, relevant)
    taken = np.unique(np.concatenate([each.rows.astype(np.int64) * items + each.values for each in both]))
    half, rows = halves(evaluation.popularity), relevant.rows
    for start in range(0, len(negatives), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        own, user = negatives[part], rows[part, None].astype(np.int64)
        wrong = {
            "an item twice": (np.diff(np.sort(own, axis=1), axis=1) == 0).any(axis=1),
            "an item that the user has seen or held out": np.isin(user * items + own, taken).any(axis=1),
            "an item of the other popularity half": (half[own] != half[relevant.values[part], None]).any(axis=1),
        }
        for what, found in wrong.items():
            if found.any():
                raise BundleError(f"{_NEGATIVES} holds {what} in row {start + int(np.argmax(found))}")
    return negatives


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
