"""What a bundle recommends to one user, asked in the runtime that ships."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from device_tests.evaluation import EvaluationSet, Golden
from device_tests.manifest import Input
from device_tests.ragged import Ragged
from edgerec import draft
from edgerec.errors import EdgerecError
from edgerec.progress import Progress, silent
from edgerec.suggestion import did_you_mean
from edgerec.targets.environment import RuntimePin


class RecommendingError(EdgerecError):
    """A user or a history that the bundle cannot be asked about."""


@dataclass(frozen=True)
class Item:
    """One item of the catalogue: its id, and its title where the bundle has titles."""

    id: str
    title: str | None


@dataclass(frozen=True)
class Asked:
    """One user as the model takes them: ids or numbers for each user-side input, the items seen, those held out.

    `row` is their row in the bundle's evaluation set, None when they are not in it.
    """

    inputs: Mapping[str, tuple[float, ...]]
    seen: tuple[int, ...]
    held_out: tuple[int, ...] = ()
    row: int | None = None


@dataclass(frozen=True)
class Recommended:
    """What the bundle recommends, best first, and float32's list beside it where the bundle or another one has it.

    `dropped` are those held out that it can no longer recommend.
    """

    seen: tuple[Item, ...]
    held_out: tuple[Item, ...]
    items: tuple[Item, ...]
    float32: tuple[Item, ...] | None
    dropped: tuple[Item, ...] = ()


def user_of(bundle: Bundle, name: str) -> Asked:
    """Give a user by the id in users.txt, or for a bundle without a user table by the row in its evaluation set.

    Raises RecommendingError for a user that the bundle does not know.
    """
    evaluation = _evaluation(bundle)
    user = next((one for one in bundle.manifest.inputs if one.role == "user"), None)
    if user is None:
        if evaluation is None or not name.isdecimal() or int(name) >= evaluation.users:
            there = "no evaluation set" if evaluation is None else f"rows 0 to {evaluation.users - 1} of one"
            raise RecommendingError(f"user {name!r} is not known: the bundle has {there}; or give --history ITEM,ITEM.")
        return _asked_row(evaluation, int(name))
    known = bundle_format.split_lines(bundle.members[bundle_format.USERS], bundle_format.USERS)
    if name not in known:
        raise RecommendingError(f"user {name!r} is not in the bundle's {len(known)} users{did_you_mean(name, known)}.")
    index = known.index(name)
    if evaluation is not None and len(rows := np.flatnonzero(evaluation.inputs[user.name] == index)):
        return _asked_row(evaluation, int(rows[0]))
    others = [one.name for one in bundle.manifest.inputs if one.role in {"history", "vector"}]
    if others:
        raise RecommendingError(f"user {name!r} is not in the evaluation set, so their {others[0]} is not known.")
    return Asked({user.name: (index,)}, ())


def history_of(bundle: Bundle, items: Sequence[str]) -> Asked:
    """Give a user who has interacted with these items, the most recent last; the last ones that fit are used.

    Of those an item that was dropped is left out, as an app leaves out what is not in items.txt.
    Raises RecommendingError for an item that is not in the vocabulary, or a model that takes more than a history.
    """
    inputs = [one for one in bundle.manifest.inputs if one.role != "item"]
    (history,) = inputs if len(inputs) == 1 and inputs[0].role == "history" else (None,)
    if history is None:
        names = ", ".join(f"{one.name} ({one.role})" for one in inputs)
        raise RecommendingError(f"this model takes {names}: a history alone is not enough; give --user.")
    whole = _Whole(bundle)
    index = {item: at for at, item in enumerate(whole.ids)}
    for item in items:
        if item not in index:
            raise RecommendingError(f"item {item!r} is not in the bundle's catalogue{did_you_mean(item, index)}.")
    seen = tuple(index[item] for item in items)
    rows = {int(item): row for row, item in enumerate(whole.kept)}
    known = tuple(rows[item] for item in seen[-history.length :] if item in rows)
    return Asked({history.name: _padded(known, history)}, seen)


def recommend(
    bundle: Bundle,
    asked: Asked,
    *,
    runtime: RuntimePin,
    beside: Bundle | None = None,
    k: int | None = None,
    progress: Progress = silent,
) -> Recommended:
    """Give what a bundle recommends to a user, seen items left out, as the runtime ranks them.

    `beside` is the float32 bundle of the same model; without it float32's list is the golden one, where the user is
    among the golden users and k is the bundle's own.
    """
    mine, whole = _lists(bundle, asked, runtime, k, progress), _Whole(bundle)
    if beside is not None:
        if _Whole(beside).ids != whole.ids:
            raise RecommendingError("the two bundles have different catalogues, so their lists cannot be compared.")
        same = asked if beside.item_ids == bundle.item_ids else _asked_of(beside, asked, whole.ids)
        float32: Sequence[int] | None = _lists(beside, same, runtime, k, progress)
    else:
        float32 = _golden_list(bundle, asked) if k in {None, bundle.manifest.k} else None
    named = _Names(bundle)
    return Recommended(
        seen=named.of(asked.seen),
        held_out=named.of(asked.held_out),
        items=named.of(mine),
        float32=None if float32 is None else named.of(float32),
        dropped=named.of([item for item in asked.held_out if item not in whole.kept]),
    )


class _Whole:
    """The ids of the whole catalogue in its order, and which of them each of the model's rows is."""

    def __init__(self, bundle: Bundle) -> None:
        evaluation, rows = _evaluation(bundle), bundle.item_ids
        kept = None if evaluation is None else evaluation.kept
        self.kept = np.arange(len(rows), dtype=np.int32) if kept is None else kept
        ids = np.array([*rows, *bundle.dropped_ids], object)
        others = np.setdiff1d(np.arange(len(ids)), self.kept)
        ids[np.concatenate([self.kept, others])] = ids.copy()
        self.ids: tuple[str, ...] = tuple(ids.tolist())


class _Names:
    """Ids and titles of a bundle's items."""

    def __init__(self, bundle: Bundle) -> None:
        self._ids = _Whole(bundle).ids
        titles = bundle.members.get(bundle_format.TITLES)
        self._titles = None if titles is None else bundle_format.split_lines(titles, bundle_format.TITLES)

    def of(self, items: Sequence[int]) -> tuple[Item, ...]:
        return tuple(Item(self._ids[one], None if self._titles is None else self._titles[one]) for one in items)


def _asked_of(other: Bundle, asked: Asked, ids: Sequence[str]) -> Asked:
    """Give the same user as a bundle of the same catalogue takes them that dropped other items."""
    if all(one.role != "history" for one in other.manifest.inputs):
        return asked
    evaluation = _evaluation(other)
    if asked.row is not None and evaluation is not None:
        return _asked_row(evaluation, asked.row)
    return history_of(other, [ids[item] for item in asked.seen])


def _evaluation(bundle: Bundle) -> EvaluationSet | None:
    return EvaluationSet.from_members(bundle.members, bundle.manifest)


def _asked_row(evaluation: EvaluationSet, row: int) -> Asked:
    inputs = {name: tuple(np.atleast_1d(values[row]).tolist()) for name, values in evaluation.inputs.items()}
    return Asked(inputs, tuple(evaluation.seen[row].tolist()), tuple(evaluation.relevant[row].tolist()), row)


def _padded(seen: tuple[int, ...], history: Input) -> tuple[int, ...]:
    missing = history.length - len(seen)
    if missing and history.padding_id is None:
        raise RecommendingError(f"{history.name} takes {history.length} items and has no padding: give that many.")
    return (history.padding_id or 0,) * missing + seen


def _lists(bundle: Bundle, asked: Asked, runtime: RuntimePin, k: int | None, progress: Progress) -> list[int]:
    """Rank for one user in the runtime: the harness measures a bundle whose evaluation set is this user alone."""
    manifest, whole = bundle.manifest, _Whole(bundle)
    alone = EvaluationSet(
        inputs={one.name: _row(one, asked.inputs[one.name]) for one in manifest.inputs if one.name in asked.inputs},
        seen=Ragged.from_lists([np.unique(np.array(asked.seen, np.int32))]),
        relevant=Ragged.from_lists([np.zeros(0, np.int32)]),
        popularity=np.zeros(manifest.catalogue, np.int32),
        kept=whole.kept if manifest.dropped else None,
    )
    names = {bundle_format.DROPPED: bundle.members[bundle_format.DROPPED]} if manifest.dropped else {}
    (ranked,) = draft.lists({**bundle.app, **names, **alone.to_members()}, runtime, k, progress=progress)
    left = manifest.items - len(
        set(asked.seen).intersection(whole.kept.tolist())
    )  # what follows in the list are seen items, which come last
    return [int(item) for item in ranked[:left]]


def _row(one: Input, values: tuple[float, ...]) -> npt.NDArray[Any]:
    """Give the values as an array of one row."""
    return np.array([values] if one.length else values, np.float32 if one.role == "vector" else np.int32)


def _golden_list(bundle: Bundle, asked: Asked) -> Sequence[int] | None:
    evaluation = _evaluation(bundle)
    golden = None if evaluation is None else Golden.from_members(bundle.members, bundle.manifest, evaluation.users)
    if golden is None or asked.row is None or asked.row not in golden.users:
        return None
    return [int(item) for item in golden.float_top[golden.users.tolist().index(asked.row)]]
