"""Co-occurrence: rows with a near twin, taken by the same partners, need no row of their own and go first."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgerec.criteria.criterion import ROW, Saliency, Weights
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.statistics import Statistics, Taken, given

PAIRS_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class CoOccurrence:
    """1 - max over j of n(i, j) / sqrt(n(i) n(j)), n(i) the partners of row i and n(i, j) those of both i and j.

    The cosine of item-based neighbours (Sarwar et al. 2001; Deshpande and Karypis 2004). A row that nobody took is 0:
    nothing is known that tells it from another.
    """

    name: str = field(default="co_occurrence", init=False)
    needs: tuple[str, ...] = field(default=("taken",), init=False)
    grains: tuple[str, ...] = field(default=(ROW,), init=False)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """The distance to the nearest twin."""
        del grain
        found = twins(given(statistics.taken), len(weights))
        return np.where(found.row == np.arange(len(weights)), found.taken, 1 - found.similarity)


@dataclass(frozen=True, eq=False)
class Twins:
    """Of every row: the row most like it (itself where no partner took both), how like, and whether anybody took it.

    row int64 [rows], similarity float64 [rows] from 0 to 1, taken bool [rows].
    """

    row: NDArray[np.int64]
    similarity: NDArray[np.float64]
    taken: NDArray[np.bool_]


def twins(taken: Taken, rows: int) -> Twins:
    """The nearest twin of every row by the cosine of who took them; ties go to the lower row.

    It goes through all pairs of rows that share a partner, in parts of a few million. Raises CriterionError for
    interactions of rows that the table has not.
    """
    if len(taken.rows) and not (taken.rows.min() >= 0 and taken.rows.max() < rows):
        raise CriterionError(
            f"interactions are of rows {taken.rows.min()} to {taken.rows.max()}, expected 0 to {rows - 1}: take the "
            "interactions of this table"
        )
    lists = _lists(taken, rows)
    counts = np.diff(lists.offsets)
    nearest, similarity = np.arange(rows), np.zeros(rows)
    for start, stop in _parts(lists, rows):
        inside = np.arange(stop - start)
        both = _in_common(lists, start, stop)
        both[inside, start + inside] = 0
        cosine = both / np.sqrt(np.maximum(np.outer(counts[start:stop], counts), 1))
        best = cosine.argmax(axis=1)
        similarity[start:stop] = cosine[inside, best]
        nearest[start:stop] = np.where(similarity[start:stop] > 0, best, start + inside)
    return Twins(nearest, similarity, counts > 0)


@dataclass(frozen=True, eq=False)
class _Lists:
    """Each row's partners, offsets[r] to offsets[r + 1] of `partners`, and each partner's rows the same way."""

    offsets: NDArray[np.int64]
    partners: NDArray[np.int64]
    partner_offsets: NDArray[np.int64]
    rows: NDArray[np.int64]


def _lists(taken: Taken, rows: int) -> _Lists:
    partners = int(taken.partners.max(initial=0)) + 1
    row, partner = np.divmod(np.unique(taken.rows.astype(np.int64) * partners + taken.partners), partners)
    by_partner = np.argsort(partner, kind="stable")
    return _Lists(_offsets(row, rows), partner, _offsets(partner, partners), row[by_partner])


def _offsets(ids: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(ids, minlength=size), dtype=np.int64)])


def _parts(lists: _Lists, rows: int) -> list[tuple[int, int]]:
    """Ranges of rows whose pairs, and whose counts over all rows, stay within a few million."""
    most = max(1, PAIRS_AT_ONCE // max(rows, 1))
    pairs = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.diff(lists.partner_offsets)[lists.partners])])
    before = pairs[lists.offsets]
    parts, start = [], 0
    while start < rows:
        reach = int(np.searchsorted(before, before[start] + PAIRS_AT_ONCE, side="right")) - 1
        stop = min(max(reach, start + 1), start + most, rows)
        parts.append((start, stop))
        start = stop
    return parts


def _in_common(lists: _Lists, start: int, stop: int) -> NDArray[np.int64]:
    """Partners that each of the rows start to stop shares with every row, [stop - start, rows]."""
    height, rows = stop - start, len(lists.offsets) - 1
    partners = lists.partners[lists.offsets[start] : lists.offsets[stop]]
    local = np.repeat(np.arange(height), np.diff(lists.offsets[start : stop + 1]))
    sizes = np.diff(lists.partner_offsets)[partners]
    ends = np.cumsum(sizes)
    within = np.arange(int(sizes.sum())) - np.repeat(ends - sizes, sizes)
    others = lists.rows[np.repeat(lists.partner_offsets[partners], sizes) + within]
    flat = np.bincount(np.repeat(local, sizes) * rows + others, minlength=height * rows)
    return flat.reshape(height, rows)
