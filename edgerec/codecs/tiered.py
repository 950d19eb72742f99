"""The tiered codec: the most popular rows stored one way, the next ones another, down to the rest."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded, Floats
from converters.tables.shared_rows import SharedRows, index_bytes
from converters.tables.sharing import narrow
from converters.tables.tiers import Tiers
from edgerec.codecs.codec import Codec
from edgerec.codecs.errors import CodecError
from edgerec.criteria.statistics import Statistics, given


@dataclass(frozen=True)
class Tier:
    """The rows down to the `top` share by popularity, which no tier before it has, stored by the codec `of`."""

    top: float
    of: Codec


@dataclass(frozen=True)
class Tiered:
    """`tiers` from the most popular rows on, the last with top = 1.

    Rows whose numbers do not go by popularity take an index, 1 to 4 bytes each: number items by popularity and there
    is none.
    """

    tiers: tuple[Tier, ...]
    name: str = field(default="tiered", init=False)

    def __post_init__(self) -> None:
        tops = [tier.top for tier in self.tiers]
        if not tops or tops != sorted(set(tops)) or tops[0] <= 0 or tops[-1] != 1:
            told = ", ".join(f"{top:g}" for top in tops) or "none"
            raise CodecError(f"tiers go down to {told}, expected rising shares above 0 of which the last is 1")

    @property
    def needs(self) -> tuple[str, ...]:
        """Popularity, and what the codecs of the tiers need."""
        return tuple(dict.fromkeys(("popularity", *(each for tier in self.tiers for each in tier.of.needs))))

    @property
    def uses(self) -> tuple[str, ...]:
        """What the codecs of the tiers use."""
        return tuple(dict.fromkeys(each for tier in self.tiers for each in tier.of.uses))

    @property
    def litert_only(self) -> bool:
        """Whether the codec of a tier is."""
        return any(tier.of.litert_only for tier in self.tiers)

    @property
    def learned(self) -> bool:
        """Whether the codec of a tier is."""
        return any(tier.of.learned for tier in self.tiers)

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """The tiers, and the index, or the tier of each row, where one is needed."""
        order = self._order(given(statistics.popularity))
        parts = zip(self.tiers, np.diff([0, *self._ends(rows)]).tolist(), strict=True)
        inner = replace(statistics, popularity=None, taken=None)
        tiers = sum(tier.of.stored_bytes(count, columns, inner) for tier, count in parts if count)
        return int(tiers) + (0 if _in_order(order) else index_bytes(rows, len(self.used(rows))))

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> Coded:
        """Each tier by its codec, its rows in the order in which they stand in the table."""
        popularity = given(statistics.popularity)
        order = self._order(popularity)
        parts, start = [], 0
        for tier, end in zip(self.tiers, self._ends(len(table)), strict=True):
            rows = order[start:end]
            if len(rows):
                known = replace(statistics, popularity=popularity[rows], taken=None)
                parts.append(tier.of.encode(table[rows], known, seed=seed))
            start = end
        tiers = Tiers(tuple(parts)) if len(parts) > 1 else parts[0]
        if _in_order(order):
            return tiers
        return SharedRows(narrow(np.argsort(order, kind="stable"), len(table)), tiers)

    def tier_of(self, popularity: NDArray[np.integer]) -> NDArray[np.int64]:
        """The number of the tier that each row belongs to by popularity [rows], int64 [rows]."""
        ends = self._ends(len(popularity))
        found = np.empty(len(popularity), np.int64)
        found[_ranked(popularity)] = np.searchsorted(ends, np.arange(len(popularity)), side="right")
        return found

    def used(self, rows: int) -> tuple[Codec, ...]:
        """The codecs of the tiers that so many rows reach into, one a part of the coded table."""
        sizes = np.diff([0, *self._ends(rows)])
        return tuple(tier.of for tier, count in zip(self.tiers, sizes, strict=True) if count)

    def _ends(self, rows: int) -> list[int]:
        return [round(tier.top * rows) for tier in self.tiers]

    def _order(self, popularity: NDArray[np.integer]) -> NDArray[np.int64]:
        """The rows tier after tier; by popularity between tiers, by number within one, so that few need an index."""
        ranked = _ranked(popularity)
        parts = np.split(ranked, self._ends(len(ranked))[:-1])
        return np.concatenate([np.sort(part) for part in parts])


def _ranked(popularity: NDArray[np.integer]) -> NDArray[np.int64]:
    return np.argsort(-popularity, kind="stable")


def _in_order(order: NDArray[np.int64]) -> bool:
    return bool(np.array_equal(order, np.arange(len(order))))
