"""Items dropped: a smaller recommender, its data without them, and what of an evaluation is asked in its own ids."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device_tests.evaluation import EvaluationSet, from_npy, to_npy
from device_tests.manifest import Input
from device_tests.ragged import Ragged
from edgerec import judging
from edgerec.compress import cache, layers
from edgerec.compress.errors import RecipeError
from edgerec.compress.evidence import evidence
from edgerec.compress.id_rows import ITEM, Rows, id_rows, with_rows
from edgerec.compress.masks import table_of
from edgerec.compress.stage import Stage
from edgerec.compress.steps import SHOWN, Drop
from edgerec.criteria.criterion import ROW, saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.selection import kept_indices
from edgerec.data.histories import histories
from edgerec.data.interactions import Interactions
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.roles import Roles
from edgerec.models.serving import catalogue_scores, serving
from edgerec.progress import Progress, silent

Kept = NDArray[np.int32]  # items that stay, rising: item i of the smaller model was item kept[i]

_KEPT = "kept.npy"


@dataclass(frozen=True, eq=False)
class Left:
    """What is left without dropped items: which are `kept`, the recommender as it serves, and data of those alone."""

    kept: Kept
    base: Stage
    data: Interactions


def left_of(base: Stage, drop: Drop, data: Interactions, key: str, *, seed: int, progress: Progress = silent) -> Left:
    """What a recommender and its data leave when items are dropped; which are is kept in the step cache under `key`.

    Raises RecipeError for a recommender whose items cannot be dropped, and where nothing would be.
    """

    def made() -> dict[str, bytes]:
        progress(f"drop all items but {drop.told}")
        return {_KEPT: to_npy(kept_items(serving(base.recommender), drop, data, seed=seed))}

    kept: Kept = from_npy(cache.files_of(key, made)[_KEPT], _KEPT, "<i4", (None,)).view(np.int32)
    digest = hashlib.sha256(kept.tobytes()).hexdigest()
    smaller = Stage(
        cache.key("left", model=base.key, kept=digest), lambda: without_dropped(serving(base.recommender), kept)
    )
    known = data.rows(np.isin(data.item, kept))
    return Left(kept, smaller, known.in_vocabulary(items=[data.item_ids[item] for item in kept]))


def kept_items(recommender: Recommender, drop: Drop, data: Interactions, *, seed: int) -> Kept:
    """The items that stay, int32 rising, of a recommender as it serves: those shown to anyone, or ranked highest.

    A criterion ranks an item by the sum over all tables with a row of it. A padding id that is an item's stays. Raises
    RecipeError as `left_of` does, and for what the criterion lacks.
    """
    roles = recommender.roles
    tables = _item_tables(recommender)
    if any(entry.role == "history" and entry.padding_id is None for entry in roles.inputs):
        raise RecipeError(
            f"items cannot be dropped from {roles.name}: its history has no padding_id to put in the place of one; say "
            "it beside the role in edgerec.toml"
        )
    found = _shown(recommender, data, drop.k) if drop.keep == SHOWN else _ranked(recommender, tables, drop, data, seed)
    padding = [entry.padding_id for entry in roles.inputs if entry.padding_id is not None]
    kept: Kept = np.union1d(found, [each for each in padding if each < roles.items]).astype(np.int32)
    if len(kept) == roles.items:
        raise RecipeError(f"keep is {drop.told}, which are all {roles.items} items: nothing is dropped; keep fewer")
    return kept


def without_dropped(recommender: Recommender, kept: Kept) -> Recommender:
    """A recommender as it serves with the rows of the `kept` items alone; what stands behind the items stays."""
    old = recommender.roles.items
    tables = {
        name: replace(rows, source=np.append(kept.astype(np.int64), rows.source[old:]))
        for name, rows in _item_tables(recommender).items()
    }
    return with_rows(recommender, tables, roles_of_kept(recommender.roles, kept))


def roles_of_kept(roles: Roles, kept: Kept) -> Roles:
    """The roles of the recommender that has the `kept` items alone."""

    def smaller(entry: Input) -> Input:
        if entry.role not in {"item", "history"}:
            return entry
        padding = entry.padding_id
        if padding is not None:
            padding = int(_new_ids(kept, roles.items, entry.ids)[padding])
        return replace(entry, ids=entry.ids - roles.items + len(kept), padding_id=padding)

    return replace(roles, items=len(kept), inputs=tuple(map(smaller, roles.inputs)))


def evaluation_of_kept(evaluation: EvaluationSet, roles: Roles, kept: Kept) -> EvaluationSet:
    """The evaluation set of the recommender with `roles` asked of the one that has the `kept` items alone.

    The items of a history that were dropped are left out, and the rest moves to the end, as an app does that leaves out
    what is not in items.txt. Everything else stays: what was seen, held out and drawn is of the whole catalogue.
    """
    inputs = dict(evaluation.inputs)
    for entry in roles.inputs:
        if entry.role == "history" and entry.padding_id is not None:
            new = _new_ids(kept, roles.items, entry.ids)
            moved = new[inputs[entry.name]]
            order = np.argsort(moved >= 0, axis=1, kind="stable")
            rest = np.take_along_axis(moved, order, axis=1)
            inputs[entry.name] = np.where(rest >= 0, rest, new[entry.padding_id]).astype(np.int32)
    return replace(evaluation, inputs=inputs, kept=kept)


def _new_ids(kept: Kept, items: int, ids: int) -> NDArray[np.int32]:
    """The new id of each of `ids` old ones, -1 for a dropped item; what stands behind the items moves up."""
    new = np.full(ids, -1, np.int32)
    new[kept] = np.arange(len(kept))
    new[items:] = np.arange(len(kept), len(kept) + ids - items)
    return new


def _item_tables(recommender: Recommender) -> dict[str, Rows]:
    try:
        return {name: rows for name, rows in id_rows(recommender).items() if rows.of == ITEM}
    except ModelError as error:
        raise RecipeError(f'items cannot be dropped: {error}; leave rows = "drop" out') from error


def _ranked(
    recommender: Recommender, tables: dict[str, Rows], drop: Drop, data: Interactions, seed: int
) -> NDArray[np.int64]:
    criterion, items = drop.ranked_by(), recommender.roles.items
    known = evidence(recommender, criterion.needs, list(tables), data, seed=seed)
    try:
        each = [
            saliency(criterion, table_of(recommender, name, kernel), known[name], ROW)[:items]
            for name, kernel in layers.kernels(recommender, list(tables)).items()
        ]
    except CriterionError as error:
        raise RecipeError(f"items cannot be dropped by {drop.criterion}: {error}") from error
    return kept_indices(np.sum(each, axis=0), count=drop.least(items))


def _shown(recommender: Recommender, data: Interactions, k: int) -> NDArray[np.int64]:
    """The items among the k best of any user of the data that the user has not taken."""
    users = np.unique(data.user)
    values = {}
    for entry in recommender.roles.inputs:
        if entry.role == "history":
            values[entry.name] = histories(data, entry.length, int(entry.padding_id or 0))[users]
        elif entry.role == "user":
            values[entry.name] = users
    taken = Ragged(data.offsets.astype(np.int32), data.item).take(users)
    nothing = Ragged(np.zeros(len(users) + 1, np.int32), np.zeros(0, np.int32))
    everybody = EvaluationSet(values, taken, nothing, data.popularity())

    def scores(rows: judging.Rows) -> NDArray[np.float32]:
        return catalogue_scores(recommender, {name: ids[rows] for name, ids in values.items()})

    return np.unique(judging.lists(scores, everybody, min(k, recommender.roles.items))).astype(np.int64)
