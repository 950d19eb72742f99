"""A tiered table after an update: rows stay in their tier, new ones go to the tier that they have earned."""

from dataclasses import dataclass, replace

import numpy as np

from converters.tables.coded import Coded, Floats
from converters.tables.shared_rows import SharedRows
from converters.tables.sharing import narrow
from converters.tables.tiers import Tiers
from edgerec.codecs.change import Change, Rows, Stored
from edgerec.codecs.codec import Codec
from edgerec.codecs.own_rows import coded_alike, updated_rows
from edgerec.codecs.tiered import Tiered
from edgerec.criteria.statistics import Statistics, given


@dataclass(frozen=True, eq=False)
class _Part:
    """A part as it was, None for one that was not there, and the rows that lie in it now, and did before."""

    codec: Codec
    coded: Coded | None
    rows: Rows
    source: Rows
    before: Rows


def updated_tiers(
    before: Stored, values: Floats, change: Change, statistics: Statistics, *, codec: Tiered, seed: int
) -> Stored:
    """The tiered table with the rows that `change` names coded anew from `values` float32 [rows, columns].

    No place moves: a new row goes behind all others, into the last part where that is of its tier, else into a part of
    its own kind. Where rows need no index they all go to the last tier.
    """
    parts = _parts(before, codec, change, given(statistics.popularity))
    coded: list[Coded] = []
    for part in parts:
        rows = values[part.rows]
        if part.coded is None:
            coded.append(_new_part(before, parts, part.codec, rows, statistics, seed=seed))
        else:
            table = Stored(before.values[part.before], part.codec, part.coded)
            local = Change(part.source, change.touched[part.rows])
            coded.append(updated_rows(table, rows, local, statistics, seed=seed))
    tiers: Coded = Tiers(tuple(coded)) if len(coded) > 1 else coded[0]
    order = np.concatenate([part.rows for part in parts])
    if isinstance(before.coded, SharedRows) or not np.array_equal(order, np.arange(len(order))):
        tiers = SharedRows(narrow(np.argsort(order, kind="stable"), len(order)), tiers)
    return replace(before, values=values, coded=tiers, parts=tuple(part.codec for part in parts))


def _parts(before: Stored, codec: Tiered, change: Change, popularity: Rows) -> list[_Part]:
    """The parts with the rows that belong into them, those that are new to the table behind all that were there."""
    inner = _inner(before.coded)
    codecs = before.parts or codec.used(len(before.values))
    starts = np.cumsum([0, *(part.rows for part in inner)])
    indexed = isinstance(before.coded, SharedRows)
    index = before.coded.index if isinstance(before.coded, SharedRows) else np.arange(starts[-1])
    places = np.where(change.source < 0, -1, index.astype(np.int64)[np.maximum(change.source, 0)])
    row_at, row_before = np.argsort(places, kind="stable")[len(change.new) :], np.argsort(index, kind="stable")
    earned: dict[int, Rows] = {}
    if indexed:
        tier = codec.tier_of(popularity)[change.new]
        earned = {number: change.new[tier == number] for number in np.unique(tier).tolist()}
    found = []
    for number, (part, own, start, end) in enumerate(zip(inner, codecs, starts, starts[1:], strict=False)):
        rows, source = row_at[start:end], np.arange(part.rows)
        if number == len(inner) - 1:
            same = [each for each in earned if codec.tiers[each].of == own]
            grown = np.concatenate([np.zeros(0, np.int64), *(earned.pop(each) for each in same)])
            rows, source = np.append(rows, grown), np.append(source, np.full(len(grown), -1))
            if not indexed:  # whatever is not in the parts before, in the order of its number
                rows = np.sort(np.append(rows, change.new))
                source = np.where(change.source[rows] < 0, -1, places[rows] - start)
        found.append(_Part(own, part, rows, source, row_before[start:end]))
    none = np.zeros(0, np.int64)
    return found + [_Part(codec.tiers[each].of, None, rows, none, none) for each, rows in earned.items()]


def _new_part(
    before: Stored, parts: list[_Part], codec: Codec, rows: Floats, statistics: Statistics, *, seed: int
) -> Coded:
    """A part of rows that are new, with the codebooks of one of its kind where there is one."""
    for part in parts:
        if part.coded is not None and part.codec == codec:
            return coded_alike(Stored(before.values[part.before], codec, part.coded), rows, statistics, seed=seed)
    return codec.encode(rows, Statistics(second_moment=statistics.second_moment), seed=seed)


def _inner(coded: Coded) -> tuple[Coded, ...]:
    inner = coded.table if isinstance(coded, SharedRows) else coded
    return inner.parts if isinstance(inner, Tiers) else (inner,)
