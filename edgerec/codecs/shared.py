"""A codec in which rows share: a criterion says which keep a row of their own, the others use common ones."""

from dataclasses import dataclass, field, replace

import numpy as np

from converters.tables.coded import Floats
from converters.tables.shared_rows import SharedRows
from converters.tables.sharing import clustered, hashes, narrow
from edgerec.codecs.codec import Codec
from edgerec.codecs.errors import CodecError
from edgerec.codecs.floats import Float16
from edgerec.codecs.rows import Index, of_shared, shared_rows, with_twins
from edgerec.criteria.co_occurrence import twins
from edgerec.criteria.criterion import ROW, Criterion, Saliency, saliency
from edgerec.criteria.registry import criterion
from edgerec.criteria.statistics import Statistics, given
from edgerec.suggestion import did_you_mean

CLUSTER, HASH, TWINS = "cluster", "hash", "twins"
WAYS = (CLUSTER, HASH, TWINS)


@dataclass(frozen=True)
class Shared:
    """The share `own` of the rows, ranked highest by `criterion`, keep a row each; what `by` says finds the others one.

    cluster  as many common rows as `common` of all rows, found by k-means among the others
    hash     as many common rows, each for as many of the others, by the hash of their number
    twins    the row of the one most often taken by the same users; chains without end share one last row

    The rows that are left are stored by the codec `of`.
    """

    own: float = 0.25
    common: float = 0.05
    by: str = CLUSTER
    criterion: str = "popularity"
    of: Codec = field(default_factory=Float16)
    name: str = field(default="shared", init=False)

    def __post_init__(self) -> None:
        if self.by not in WAYS:
            raise CodecError(f"by is {self.by!r}, expected {', '.join(WAYS)}{did_you_mean(self.by, WAYS)}")
        for setting, share in (("own", self.own), ("common", self.common)):
            if not 0 < share < 1:
                raise CodecError(f"{setting} is {share:g}, expected a share of the rows above 0 and below 1")

    @property
    def needs(self) -> tuple[str, ...]:
        """What the criterion needs, what the inner codec does, and for twins who took what."""
        taken = ("taken",) if self.by == TWINS else ()
        return tuple(dict.fromkeys((*self._criterion().needs, *taken, *self.of.needs)))

    @property
    def uses(self) -> tuple[str, ...]:
        """What the inner codec uses, and what rows weigh in the mean that they share."""
        return tuple(dict.fromkeys((*self.of.uses, "popularity", *(("second_moment",) if self.by == CLUSTER else ()))))

    @property
    def litert_only(self) -> bool:
        """Whether the inner codec is."""
        return self.of.litert_only

    @property
    def learned(self) -> bool:
        """Whether the inner codec is."""
        return self.of.learned

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """The index and the rows that are left; one row less where all twins have a row of their own."""
        left = self.own_rows(rows) + (1 if self.by == TWINS else self._common(rows))
        index = narrow(np.zeros(0, np.int64), left).itemsize
        return rows * index + self.of.stored_bytes(left, columns, replace(statistics, popularity=None, taken=None))

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> SharedRows:
        """Rank, group, take means by popularity, and store those."""
        rows = len(table)
        ranked = self.ranked(table, statistics)
        index = self._index(table, ranked, statistics, seed)
        weights = statistics.popularity
        count = int(index.max()) + 1
        left = of_shared(table, index, weights)
        together = None if weights is None else np.bincount(index, weights, count)
        inner = self.of.encode(left, replace(statistics, popularity=together, taken=None), seed=seed)
        return SharedRows(narrow(index, min(count, rows)), inner)

    def ranked(self, table: Floats, statistics: Statistics) -> Saliency:
        """How much each row deserves a row of its own, float64 [rows]."""
        return saliency(self._criterion(), table, statistics, ROW)

    def own_rows(self, rows: int) -> int:
        """How many of so many rows have a row of their own."""
        return min(max(1, round(self.own * rows)), rows - 1)

    def _index(self, table: Floats, ranked: Saliency, statistics: Statistics, seed: int) -> Index:
        rows = len(table)
        own, common = self.own_rows(rows), self._common(rows)
        if self.by == TWINS:
            return with_twins(ranked, own, twins(given(statistics.taken), rows).row)
        others = np.flatnonzero(shared_rows(ranked, own) >= own)
        groups = np.zeros(rows, np.int64)
        if self.by == HASH:
            groups[others[np.argsort(hashes(rows)[others], kind="stable")]] = np.arange(len(others)) % common
        else:
            groups[others] = clustered(table[others], common, seed=seed, moment=statistics.second_moment)[0]
        return shared_rows(ranked, own, groups)

    def _common(self, rows: int) -> int:
        return min(max(1, round(self.common * rows)), rows - self.own_rows(rows))

    def _criterion(self) -> Criterion:
        return criterion(self.criterion)
