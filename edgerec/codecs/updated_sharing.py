"""Rows that share after an update: who deserves a row of its own is asked again, and nobody else's bytes move."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converters.tables.clustering import nearest
from converters.tables.coded import Coded, Floats
from converters.tables.metric import whitened
from converters.tables.shared_rows import SharedRows
from converters.tables.sharing import narrow
from edgerec.codecs.change import Change, Rows, Stored, in_place
from edgerec.codecs.own_rows import updated_rows
from edgerec.codecs.rows import of_shared
from edgerec.codecs.shared import Shared
from edgerec.criteria.criterion import Saliency
from edgerec.criteria.selection import kept_indices
from edgerec.criteria.statistics import Statistics

_NOWHERE = -1


@dataclass(frozen=True, eq=False)
class _Places:
    """Which stored row each row uses, int64 [rows], _NOWHERE where open, and which are stored anew, bool [stored]."""

    index: Rows
    anew: NDArray[np.bool_]


def updated_sharing(
    before: Stored,
    values: Floats,
    change: Change,
    statistics: Statistics,
    *,
    codec: Shared,
    coded: SharedRows,
    seed: int,
) -> SharedRows:
    """The table of rows that share, with those that `change` names stored anew from `values` float32 [rows, columns].

    A touched row that the criterion ranks high, over `statistics` of all rows, gets a row of its own: the place of a
    touched one that is no longer ranked so, which from then on shares, or one behind all others. A new row that gets
    none shares the nearest that there is in the metric. A stored row that any untouched row uses stays as it is.
    """
    places = _settled(coded.index.astype(np.int64), coded.table.rows, codec.ranked(values, statistics), codec, change)
    index = _sharing(places, values, coded.table, statistics)
    stored = of_shared(values, index.astype(np.int32), statistics.popularity)
    inner = Stored(of_shared(before.values, coded.index.astype(np.int32)), codec.of, coded.table)
    inner_coded = updated_rows(inner, stored, in_place(coded.table.rows, places.anew), statistics, seed=seed)
    return SharedRows(narrow(index, len(places.anew)), inner_coded)


def _settled(before: Rows, stored: int, ranked: Saliency, codec: Shared, change: Change) -> _Places:
    """The places of all rows but those that have to share another's."""
    index = np.where(change.source < 0, _NOWHERE, before[np.maximum(change.source, 0)])
    there = index != _NOWHERE
    users = np.bincount(index[there], minlength=stored)
    bound = np.bincount(index[there & ~change.touched], minlength=stored) > 0
    alone = there & change.touched & (users[index] == 1)
    deserves = np.zeros(len(index), np.bool_)
    deserves[kept_indices(ranked, count=codec.own_rows(len(index)))] = True
    promoted = _by(-ranked, np.flatnonzero(change.anew & deserves & ~alone))
    retired = _by(ranked, np.flatnonzero(alone & ~deserves))[: len(promoted)]
    freed = index[retired]
    index[retired] = _NOWHERE
    index[promoted] = np.append(freed, stored + np.arange(len(promoted) - len(freed)))
    grown = stored + len(promoted) - len(freed)
    anew = np.zeros(grown, np.bool_)
    anew[index[change.anew & (index != _NOWHERE)]] = True
    anew[:stored] &= ~bound
    return _Places(index, anew)


def _sharing(places: _Places, values: Floats, stored: Coded, statistics: Statistics) -> Rows:
    """The index with the rows that have no place yet at the nearest row that stays as it is, any if none does."""
    homeless = np.flatnonzero(places.index == _NOWHERE)
    stays = np.flatnonzero(~places.anew[: stored.rows])
    stays = stays if len(stays) else np.arange(stored.rows)
    points, _ = whitened(values[homeless], statistics.second_moment)
    centers, _ = whitened(stored.decode()[stays], statistics.second_moment)
    index = places.index.copy()
    if len(homeless):
        index[homeless] = stays[nearest(points, centers)[0]]
    return index


def _by(key: Saliency, rows: Rows) -> Rows:
    """Rows in ascending order of their key, ties to the lower row."""
    return rows[np.argsort(key[rows], kind="stable")]
