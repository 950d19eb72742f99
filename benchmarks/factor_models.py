"""The float32 factorizations that everything is compared with, and their tables as they ship."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from benchmarks.factor_data import Side
from benchmarks.factor_quality import K, best_unseen, judge_coded, judge_float
from benchmarks.factor_settings import SHOWN, Setting, Turned, encoded, turned
from converters.rewrite import strip_names
from converters.tables.coded import Coded
from converters.tables.near import Near, near
from converters.tables.scorer import scorer_file
from device_tests.report import Quality
from edgerec.models.factors import Factors, factorize, solve_users

ITERATIONS = 15
NEAR = 60


@dataclass(frozen=True)
class Fitting:
    """The settings of implicit alternating least squares."""

    regularization: float
    alpha: float


@dataclass(frozen=True, eq=False)
class Model:
    """A side with a float32 model that learned from what it may see, and how that model ranks."""

    side: Side
    fitting: Fitting
    factors: Factors
    turned: Turned
    quality: Quality
    seed: int

    @property
    def items(self) -> int:
        """The number of items."""
        return len(self.factors.items)

    @cached_property
    def lists(self) -> npt.NDArray[np.int32]:
        """The best 60 unseen items of everyone who saw any, best first, int32 [users who saw any, 60]."""
        return best_unseen(self.factors.items, self.factors.users, self.side.seen, NEAR)

    @cached_property
    def shown(self) -> npt.NDArray[np.int64]:
        """How often an item stands in the first 20 of anyone whom the model knows, int64 [items]."""
        return np.bincount(self.lists[:, :K].ravel(), minlength=self.items)

    def order(self, setting: Setting) -> npt.NDArray[np.int64]:
        """Return which item each row of a table is, int64 [rows], the rows that a setting drops left out."""
        order = np.argsort(-self.shown, kind="stable") if setting.order == SHOWN else np.arange(self.items)
        return order[: round(setting.kept * np.count_nonzero(self.shown))] if setting.kept else order

    def near(self, order: npt.NDArray[np.int64], background: float) -> Near:
        """Return which users each row is near, those that have its item among their first 60; row r is order[r]."""
        rows = np.full(self.items, -1)
        rows[order] = np.arange(len(order))
        known = np.flatnonzero(np.diff(self.side.seen.offsets))
        return near(self.turned.users[known], rows[self.lists], len(order), background=background)


@dataclass(frozen=True, eq=False)
class Made:
    """A table as it ships: what is stored, which item each row is, the vectors [all users, columns], the file."""

    coded: Coded
    order: npt.NDArray[np.int64]
    users: npt.NDArray[np.float32]
    file: bytes


def fit(side: Side, columns: int, fitting: Fitting, *, seed: int) -> Factors:
    """Return the float32 factors of what a side may see."""
    settings = {"regularization": fitting.regularization, "alpha": fitting.alpha}
    return factorize(side.seen, columns, **settings, iterations=ITERATIONS, seed=seed)


def fitted_quality(side: Side, columns: int, fitting: Fitting, *, seed: int) -> Quality:
    """Return how a float32 model of so many columns ranks on a side."""
    factors = fit(side, columns, fitting, seed=seed)
    return judge_float(factors.items, factors.users, side)


def model(side: Side, columns: int, fitting: Fitting, *, seed: int) -> Model:
    """Return a side with its float32 model."""
    factors = fit(side, columns, fitting, seed=seed)
    quality = judge_float(factors.items, factors.users, side)
    return Model(side, fitting, factors, turned(factors), quality, seed)


def made(model: Model, setting: Setting) -> Made:
    """Return the table of a model stored as a setting says, and the file that ships."""
    order = model.order(setting)
    near = model.near(order, setting.background) if setting.background else None
    coded = encoded(model.turned.items[order], setting, seed=model.seed, near=near)
    users = _solved(model, coded, order) if setting.solved else model.turned.users
    return Made(coded, order, users, strip_names(scorer_file(coded)))


def quality_of(model: Model, made: Made) -> Quality:
    """Return how a table ranks as it ships."""
    return judge_coded(made.coded, made.users, model.side, made.order)


def _solved(model: Model, coded: Coded, order: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    stored = np.zeros_like(model.turned.items)
    stored[order] = coded.decode()
    settings = {"regularization": model.fitting.regularization, "alpha": model.fitting.alpha}
    return model.turned.users_turned(solve_users(model.turned.items_as_before(stored), model.side.seen, **settings))
