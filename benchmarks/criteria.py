"""Every pruning criterion on the item table of implicit ALS, at three budgets, on both data sets: recall@20 kept.

    PYTHONPATH=. python benchmarks/criteria.py [--data FOLDER]

MovieTweetings, and Amazon-CDs when its folder is given. No criterion is tuned: the float32 settings are those that
benchmarks/size.py chooses on validation, figures are of test, one seed. Columns go out of users and items alike;
elements become 0 (their initial value for reset); of the rows the best keep one of their own, the others use the row of
the item that the same users took, mean by popularity. Each with the users' vectors as they were, and solved again.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import factor_data, factor_models
from benchmarks.factor_data import Side
from benchmarks.factor_models import Fitting, Model
from benchmarks.factor_quality import K, Matrix, judge_float
from benchmarks.factor_settings import Turned
from converters.tables.metric import second_moment
from edgerec.codecs.rows import of_shared, with_twins
from edgerec.criteria import registry
from edgerec.criteria.co_occurrence import twins
from edgerec.criteria.criterion import COLUMN, ELEMENT, ROW, Criterion, Saliency, saliency
from edgerec.criteria.reset import INITIAL, Reset
from edgerec.criteria.selection import PER_ROW, TENSOR, keep, kept_indices
from edgerec.criteria.statistics import Gradients, Statistics, Taken, labelled
from edgerec.data.interactions import Interactions
from edgerec.models.factors import INITIAL_SCALE, Factors, solve_users

COLUMNS = 64
SEED = 0
MOST_USERS = 2000
PAIRS = 100_000
BUDGETS = {COLUMN: (48 / 64, 32 / 64, 16 / 64), ELEMENT: (0.5, 0.25, 0.1), ROW: (0.5, 0.25, 0.1)}
TITLES = {
    COLUMN: "columns kept, 48 / 32 / 16 of 64",
    ELEMENT: "elements zeroed, 50 / 75 / 90 %",
    ROW: "rows of their own, 50 / 25 / 10 %",
}
AXES = "max_variance in the table's axes"
PER_ROW_MAGNITUDE = "magnitude, per row"


@dataclass(frozen=True, eq=False)
class Asked:
    """A criterion, what it is asked to rank by, and what it is told; `per` is that of edgerec.criteria.selection.

    `turned` is the basis of the factors where it is not the one that they were trained in.
    """

    criterion: Criterion
    grain: str
    factors: Factors
    statistics: Statistics
    per: str = TENSOR
    turned: Turned | None = None


@dataclass(frozen=True, eq=False)
class Pruned:
    """An item table once a criterion was asked, and the columns that it still has."""

    items: Matrix
    columns: npt.NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder of Amazon-CDs, to be measured too")
    data = parser.parse_args().data
    sets = {"MovieTweetings": (None, Fitting(200, 40))} | ({"Amazon-CDs": (data, Fitting(10, 80))} if data else {})
    began = time.perf_counter()
    found = {name: dict(figures(measured(folder, fitting))) for name, (folder, fitting) in sets.items()}
    heads = [f"{name}, users {how}" for name in found for how in ("as they were", "solved again")]
    print(f"| criterion | budget | {' | '.join(heads)} |\n|{'---|' * (2 + len(heads))}")
    for criterion, grain in next(iter(found.values())):
        cells = [cell for name in found for cell in found[name][criterion, grain]]
        print(f"| {criterion} | {TITLES[grain]} | {' | '.join(cells)} |")
    print(f"\n{time.perf_counter() - began:.0f} s in all.")


def measured(folder: Path | None, fitting: Fitting) -> Model:
    parts = factor_data.read(folder, seed=SEED)
    side = factor_data.side(parts, "test", most_users=MOST_USERS, candidates=0, seed=SEED)
    return factor_models.model(side, COLUMNS, fitting, seed=SEED)


def figures(model: Model) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yield for (criterion, grain) the percentages kept at the three budgets, with users as they were and solved."""
    seen = model.side.seen
    near = twins(taken(seen), model.items).row
    plain = model.factors, statistics_of(seen, model.factors)
    for grain in BUDGETS:
        for name in registry.CRITERIA:
            criterion = made(name)
            if grain in criterion.grains:
                yield (name, grain), _cells(model, Asked(criterion, grain, *plain), near)
        if grain == COLUMN:
            axes = Factors(model.turned.users, model.turned.items)
            asked = Asked(made("max_variance"), grain, axes, statistics_of(seen, axes), turned=model.turned)
            yield (AXES, grain), _cells(model, asked, near)
        if grain == ELEMENT:
            yield (PER_ROW_MAGNITUDE, grain), _cells(model, Asked(made("magnitude"), grain, *plain, PER_ROW), near)


def made(name: str) -> Criterion:
    return registry.criterion(name, to=INITIAL) if name == "reset" else registry.criterion(name)


def _cells(model: Model, asked: Asked, near: npt.NDArray[np.int64]) -> tuple[str, str]:
    scores = saliency(asked.criterion, asked.factors.items, asked.statistics, asked.grain)
    tables = [pruned(asked, scores, share, near) for share in BUDGETS[asked.grain]]
    as_were = [kept(model, table.items, asked.factors.users[:, table.columns]) for table in tables]
    trained = [as_trained(table, asked) for table in tables]
    again = [kept(model, items, solved(model.side, items, model.fitting)) for items in trained]
    return " / ".join(as_were), " / ".join(again)


def pruned(asked: Asked, scores: Saliency, share: float, near: npt.NDArray[np.int64]) -> Pruned:
    """Return the table with `share` of its columns, elements or rows of their own left, by their saliency."""
    items, criterion, statistics = asked.factors.items, asked.criterion, asked.statistics
    everything = np.arange(items.shape[1])
    if asked.grain == COLUMN:
        columns = kept_indices(scores, share=share)
        return Pruned(np.ascontiguousarray(items[:, columns]), columns)
    if asked.grain == ELEMENT:
        mask = keep({"items": scores}, share=share, per=asked.per)["items"]
        if isinstance(criterion, Reset) and statistics.initial is not None:
            return Pruned(np.where(mask, items, statistics.initial), everything)
        return Pruned(np.where(mask, items, np.float32(0)), everything)
    index = with_twins(scores, round(share * len(items)), near)
    return Pruned(of_shared(items, index, statistics.popularity)[index], everything)


def kept(model: Model, items: Matrix, users: Matrix) -> str:
    whole, left = (one.metric("recall", K) for one in (model.quality, judge_float(items, users, model.side)))
    return f"{100 * left / whole:.1f}"


def as_trained(table: Pruned, asked: Asked) -> Matrix:
    """Return the items of a table in the basis of training: what users are solved with weighs its columns alike."""
    if asked.turned is None:
        return table.items
    whole = np.zeros_like(asked.factors.items)
    whole[:, table.columns] = table.items
    return asked.turned.items_as_before(whole)


def solved(side: Side, items: Matrix, fitting: Fitting) -> Matrix:
    """Return the users that judge, solved against items; the rows of all others are 0."""
    theirs = side.seen.rows(np.isin(side.seen.user, side.users))
    return solve_users(items, theirs, regularization=fitting.regularization, alpha=fitting.alpha)


def taken(seen: Interactions) -> Taken:
    return Taken(seen.item, seen.user)


def statistics_of(seen: Interactions, factors: Factors) -> Statistics:
    """Return what criteria may know of an item table: the initial values are those that ALS drew."""
    draw = np.random.default_rng(SEED).standard_normal(factors.items.shape, np.float32)
    pairs = taken(seen)
    return Statistics(
        popularity=seen.popularity(),
        second_moment=second_moment(factors.users),
        gradients=gradients(seen, factors),
        vectors=factors.users,
        labelled=labelled(pairs, len(factors.items), len(factors.users), pairs=PAIRS, seed=SEED),
        taken=pairs,
        initial=draw * np.float32(INITIAL_SCALE),
    )


def gradients(seen: Interactions, factors: Factors) -> Gradients:
    """Return the gradient of the squared error 1/2 (1 - u.v)^2 of an interaction at v, mean and mean square over all.

    The gradient of the whole objective is 0 where ALS ends; that of its interactions alone is not.
    """
    mean, square = (np.zeros(factors.items.shape) for _ in range(2))
    step = 1 << 16
    for start in range(0, len(seen), step):
        item, user = (ids[start : start + step] for ids in (seen.item, seen.user))
        vectors = factors.users[user]
        errors = 1 - (vectors * factors.items[item]).sum(axis=1, keepdims=True)
        at = -errors * vectors
        order = np.argsort(item, kind="stable")
        names, starts = np.unique(item[order], return_index=True)
        mean[names] += np.add.reduceat(at[order], starts, axis=0, dtype=np.float64)
        square[names] += np.add.reduceat(np.square(at[order]), starts, axis=0, dtype=np.float64)
    return Gradients(mean / len(seen), square / len(seen))


if __name__ == "__main__":
    main()
