"""Settings of the tables that are measured: which rows are stored how, and a float32 table put into that form."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.factor_quality import Matrix
from converters.tables.additive_quantizer import additive_codes
from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.feedback import fed_back_groups
from converters.tables.metric import second_moment
from converters.tables.near import Near
from converters.tables.rounding import graded_scales, rounded
from converters.tables.tiers import Tiers
from edgerec.criteria.variance import axes
from edgerec.models.factors import Factors

POPULARITY, SHOWN = "popularity", "shown"


@dataclass(frozen=True)
class Integers:
    """Rows up to `to` (a share of all) as integers with graded scales, their columns in groups.

    `groups` are (columns, bits) one beside the other; columns that are in none are left out.
    """

    to: float
    groups: tuple[tuple[int, int], ...]
    step: float
    exponent: float = 0.5

    def __str__(self) -> str:
        groups = " + ".join(f"{columns} x int{bits}" for columns, bits in self.groups)
        return f"{groups} to {self.to:.0%}, step {self.step:g}^{self.exponent:g}"


@dataclass(frozen=True)
class Codes:
    """Rows up to `to` (a share of all) as sums of `codes` centroids out of `centroids` each, of the first `columns`.

    A row weighs as its length to the power `weight`; `gain` and `book_bits` are those of `additive_codes`.
    """

    to: float
    columns: int
    codes: int
    centroids: int
    gain: float = 1.0
    book_bits: int = 7
    weight: float = -0.5
    rounds: int = 8

    def __str__(self) -> str:
        return (
            f"{self.codes} x {self.centroids} codes to {self.to:.0%}: {self.columns} columns, gain {self.gain:g}, "
            f"{self.book_bits} bits, weight {self.weight:g}"
        )


@dataclass(frozen=True)
class Setting:
    """Tiers of rows in an order, POPULARITY or SHOWN: by how often the float32 model shows an item.

    `background` above 0 rounds integers in each row's own metric, that of `converters.tables.near` with such a
    background, and by it. `solved`: the users are solved again against the table as it is stored. `kept` above 0 drops
    rows: so large a share of the items that are shown to anyone stays.
    """

    tiers: tuple[Integers | Codes, ...]
    order: str = POPULARITY
    solved: bool = False
    kept: float = 0.0
    background: float = 0.0

    def __str__(self) -> str:
        after = f", in metrics of {self.background:g}" if self.background else ""
        after += ", users solved again" if self.solved else ""
        after += f", only {self.kept:.0%} of the items shown" if self.kept else ""
        return "; ".join(map(str, self.tiers)) + f"; by {self.order}{after}"


@dataclass(frozen=True, eq=False)
class Turned:
    """Factors in the principal axes of the table in the metric of the scores, the strongest first.

    The scores are the same; the second moment of the users is the identity, so that errors of all columns count alike.
    `back` [columns, columns] leads from rows of items here to rows there.
    """

    users: Matrix
    items: Matrix
    forward: npt.NDArray[np.float64]
    back: npt.NDArray[np.float64]

    def items_as_before(self, items: Matrix) -> Matrix:
        """Return rows of items [n, columns] in the basis that the factors had."""
        return (items @ np.linalg.inv(self.forward)).astype(np.float32)

    def users_turned(self, users: Matrix) -> Matrix:
        """Return rows of users [n, columns] of the basis that the factors had, in this one."""
        return (users @ self.back).astype(np.float32)


def turned(factors: Factors) -> Turned:
    """Return the same scores in the principal axes: edgerec.criteria.variance.axes."""
    found = axes(factors.items, second_moment(factors.users))
    users, items = factors.users @ found.back, factors.items @ found.forward
    return Turned(users.astype(np.float32), items.astype(np.float32), found.forward, found.back)


def encoded(table: Matrix, setting: Setting, *, seed: int, near: Near | None = None) -> Coded:
    """Return the rows of `table` [rows, columns], in the order of the setting, stored as its tiers say.

    `near` are the metrics of its rows, None for one metric that is the same for all.
    """
    finer = None if near is None else near.finer()
    ends = [round(tier.to * len(table)) for tier in setting.tiers]
    starts = [0, *ends[:-1]]
    parts = tuple(
        _integers(table, slice(start, end), tier, near, finer)
        if isinstance(tier, Integers)
        else _codes(table[start:end], tier, seed)
        for start, end, tier in zip(starts, ends, setting.tiers, strict=True)
    )
    return parts[0] if len(parts) == 1 else Tiers(parts)


def _codes(rows: Matrix, tier: Codes, seed: int) -> Coded:
    first = np.ascontiguousarray(rows[:, : tier.columns])
    lengths = np.sqrt(np.square(first, dtype=np.float64).sum(axis=1))
    coded = additive_codes(
        first,
        tier.codes,
        tier.centroids,
        seed=seed,
        weights=np.maximum(lengths, 1e-3 * lengths.mean()) ** tier.weight,
        gain=tier.gain,
        book_bits=tier.book_bits,
        rounds=tier.rounds,
    )
    return _beside((coded,), rows.shape[1])


def _integers(
    table: Matrix, of: slice, tier: Integers, near: Near | None, finer: npt.NDArray[np.float64] | None
) -> Coded:
    """Return the groups of columns, under one scale a row that is stored once; what does not fit a group is clipped."""
    rows = table[of]
    columns = sum(width for width, _ in tier.groups)
    scales = graded_scales(
        np.ascontiguousarray(rows[:, :columns]),
        tier.groups[0][1],
        step=tier.step,
        exponent=tier.exponent,
        finer=None if finer is None else finer[of],
    )
    if near is not None:
        return _beside(fed_back_groups(rows, scales, tier.groups, near, start=of.start), rows.shape[1])
    ends = [sum(width for width, _ in tier.groups[: number + 1]) for number in range(len(tier.groups))]
    parts = tuple(
        rounded(np.ascontiguousarray(rows[:, last - width : last]), scales, bits)
        for (width, bits), last in zip(tier.groups, ends, strict=True)
    )
    return _beside(parts, rows.shape[1])


def _beside(parts: tuple[Coded, ...], columns: int) -> Coded:
    return parts[0] if parts[0].columns == columns else Columns(parts, columns)
