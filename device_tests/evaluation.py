"""What `proof/` holds for measuring, as .npy members: evaluation users, golden outputs, the ranks of float32."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
import numpy.typing as npt

from device_tests.errors import BundleError
from device_tests.metrics import HALVES, coverage_depth
from device_tests.negatives import checked_negatives
from device_tests.npy import header_of
from device_tests.popularity import THIRDS, halves, thirds
from device_tests.ragged import Ragged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device_tests.manifest import Manifest

Ids = npt.NDArray[np.int32]

_SEEN = ("proof/eval_seen_offsets.npy", "proof/eval_seen_values.npy")
_RELEVANT = ("proof/eval_relevant_offsets.npy", "proof/eval_relevant_values.npy")
_POPULARITY = "proof/eval_popularity.npy"
_NEGATIVES = "proof/eval_negatives.npy"
_KEPT = "proof/eval_kept.npy"
_GOLDEN = ("proof/golden_users.npy", "proof/golden_float_top.npy", "proof/golden_decoded_scores.npy")
_BASELINE = "proof/baseline_ranks.npy"
_BASELINE_CANDIDATES = "proof/baseline_candidate_ranks.npy"
_BASELINE_RECOMMENDED = "proof/baseline_recommended_items.npy"
_BASELINES = (_BASELINE, _BASELINE_CANDIDATES, _BASELINE_RECOMMENDED)


def input_member(name: str) -> str:
    """Return the member that holds the evaluation users' values of an input."""
    return f"proof/eval_input_{name}.npy"


@dataclass(frozen=True, eq=False)
class EvaluationSet:
    """Users to measure with: their inputs, what they have seen (never recommended) and what was held out.

    `inputs` maps every user-side input to int32 [users] or [users, length], or for one of role vector to finite float32
    [users, length]; `popularity` is the training interactions of each item, int32 [items]. `negatives`, int32 [held-out
    items, n], are aligned with `relevant.values`: items of its own popularity half, neither seen nor held out, among
    which each held-out item is ranked.
    All of these are of the whole catalogue. `kept`, int32 rising, names the item that each of the model's scores is of;
    None where it scores every one. What it does not score was dropped.
    """

    inputs: dict[str, npt.NDArray[Any]]
    seen: Ragged
    relevant: Ragged
    popularity: Ids
    negatives: Optional[Ids] = None
    kept: Optional[Ids] = None

    @property
    def users(self) -> int:
        """How many users there are."""
        return len(self.seen)

    def sample(self, users: int) -> EvaluationSet:
        """Return the set of this many users, evenly spaced, or of all where there are no more."""
        if users >= self.users:
            return self
        rows = np.arange(users, dtype=np.int64) * self.users // users
        chosen = np.isin(self.relevant.rows, rows)
        return replace(
            self,
            inputs={name: values[rows] for name, values in self.inputs.items()},
            seen=self.seen.take(rows),
            relevant=self.relevant.take(rows),
            negatives=None if self.negatives is None else self.negatives[chosen],
        )

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
        if self.kept is not None:
            members[_KEPT] = to_npy(self.kept)
        return {**members, _POPULARITY: to_npy(self.popularity)}

    @classmethod
    def from_members(cls, members: Mapping[str, bytes], manifest: Manifest) -> Optional[EvaluationSet]:
        """Return the set in a bundle's members, None when there is none; BundleError when it is not whole or valid."""
        wanted = {input_member(each.name): each for each in manifest.inputs if each.role != "item"}
        if not _all_or_none(members, (*wanted, *_SEEN, *_RELEVANT, _POPULARITY)):
            for name in (_NEGATIVES, _KEPT):
                if name in members:
                    raise BundleError(f"{name} is there and {_SEEN[0]} is missing")
            return None
        seen = _ragged(members, _SEEN, manifest.catalogue)
        relevant = _ragged(members, _RELEVANT, manifest.catalogue)
        if len(relevant) != len(seen):
            raise BundleError(f"{_RELEVANT[0]} is of {len(relevant)} users where {_SEEN[0]} is of {len(seen)}")
        inputs: dict[str, npt.NDArray[Any]] = {}
        for name, each in wanted.items():
            shape = (len(seen), each.length) if each.length else (len(seen),)
            is_vector = each.role == "vector"
            inputs[each.name] = _numbers(members, name, shape) if is_vector else _ids(members, name, shape, each.ids)
        popularity = _ids(members, _POPULARITY, (manifest.catalogue,), 1 << 31)
        made = cls(inputs, seen, relevant, popularity, kept=_kept(members, manifest))
        if _NEGATIVES not in members:
            return made
        found = _ids(members, _NEGATIVES, (len(relevant.values), None), manifest.catalogue)
        return replace(made, negatives=checked_negatives(found, made, _NEGATIVES))


@dataclass(frozen=True, eq=False)
class Golden:
    """Outputs that come from somewhere else than the runtime that replays them.

    `users` int32 [G] are rows of the evaluation set; `float_top` int32 [G, k] the float32 Keras model's top k of the
    unseen items of the catalogue; `decoded_scores` float32 [D, items] the NumPy decode of the file for the first D.
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
        float_top = _ids(members, _GOLDEN[1], (len(rows), manifest.k), manifest.catalogue)
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
    `recommended_items`, int32 [coverage depth of the bundle's k], are those of a report's quality; None where unknown.
    """

    ranks: Ids
    candidate_ranks: Optional[Ids] = None
    recommended_items: Optional[Ids] = None

    def to_members(self) -> dict[str, bytes]:
        """Return the members of a bundle that hold this."""
        parts = dict(zip(_BASELINES, (self.ranks, self.candidate_ranks, self.recommended_items)))
        return {name: to_npy(part) for name, part in parts.items() if part is not None}

    @classmethod
    def from_members(
        cls, members: Mapping[str, bytes], manifest: Manifest, evaluation: EvaluationSet
    ) -> Optional[Baseline]:
        """Return what float32 did with a set, None when it is not there; BundleError when not valid."""
        if _BASELINE not in members:
            for name in _BASELINES:
                if name in members:
                    raise BundleError(f"{name} is there and {_BASELINE} is missing")
            return None
        made = cls(_ranks(members, _BASELINE, evaluation, manifest.catalogue))
        if _BASELINE_CANDIDATES in members:
            if evaluation.negatives is None:
                raise BundleError(f"{_BASELINE_CANDIDATES} is there and {_NEGATIVES} is missing")
            candidates = 1 + evaluation.negatives.shape[1]
            made = replace(made, candidate_ranks=_ranks(members, _BASELINE_CANDIDATES, evaluation, candidates))
        if _BASELINE_RECOMMENDED in members:
            made = replace(made, recommended_items=_recommended(members, manifest))
        return made


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


def _recommended(members: Mapping[str, bytes], manifest: Manifest) -> Ids:
    items = manifest.catalogue
    counts = _ids(members, _BASELINE_RECOMMENDED, (coverage_depth(manifest.k, items),), items + 1)
    if (np.diff(counts) < 0).any():
        raise BundleError(f"{_BASELINE_RECOMMENDED} should rise from list to longer list")
    return counts


def _kept(members: Mapping[str, bytes], manifest: Manifest) -> Optional[Ids]:
    told = _KEPT in members
    if told != (manifest.dropped > 0):
        raise BundleError(f"{_KEPT} is {'there' if told else 'missing'} and {manifest.dropped} items were dropped")
    kept = _ids(members, _KEPT, (manifest.items,), manifest.catalogue) if told else None
    if kept is not None and (np.diff(kept) <= 0).any():
        raise BundleError(f"{_KEPT} should rise")
    return kept


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
