"""Coded item factors tuned towards the rankings of the float ones."""

from dataclasses import replace

import numpy as np
import pytest

from converters.tables.additive_quantizer import additive_codes
from converters.tables.coded import Coded
from converters.tables.metric import second_moment
from converters.tables.product_codes import AdditiveCodes
from converters.tables.rounding import minmax_scales, rounded
from converters.tables.tiers import Tiers
from device_tests.popularity import halves
from edgerec.compress.errors import RecipeError
from edgerec.compress.factor_tuning import FactorTuning, TunedFactors, _Lessons, tune_factors
from edgerec.data.interactions import Interactions
from edgerec.models.factors import Factors, factorize, solve_users
from edgerec.models.training import IMPOSSIBLE

ALS = {"regularization": 2.0, "alpha": 10.0}
SETTING = FactorTuning(epochs=4, learning_rate=0.01, batch=16, **ALS)


@pytest.fixture(scope="module")
def factors(interactions: Interactions) -> Factors:
    """Give the float factors of the blocks."""
    return factorize(interactions, 8, iterations=5, seed=0, **ALS)


@pytest.fixture(scope="module")
def coded(factors: Factors) -> Coded:
    """Give the item table with its first rows in int4 and the others in two small codes."""
    moment = second_moment(factors.users)
    first = rounded(factors.items[:10], minmax_scales(factors.items[:10], 4), 4)
    return Tiers((first, additive_codes(factors.items[10:], 2, 4, seed=0, moment=moment)))


def stored(tuned: TunedFactors) -> list[bytes]:
    return [*(array.tobytes() for array in tuned.coded.stored), tuned.users.tobytes()]


def softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def test_the_loss_is_the_divergence_over_the_catalogue_and_over_each_half(
    factors: Factors, interactions: Interactions
) -> None:
    setting = replace(SETTING, temperature=0.5, half_temperature=2.0, halves=0.4)
    table = (factors.items + np.random.default_rng(0).normal(scale=0.1, size=factors.items.shape)).astype(np.float32)
    lessons = _Lessons(factors, interactions, setting)
    rows = np.array([3, 7])
    half = halves(interactions.popularity())
    wanted, given = factors.users @ factors.items.T, factors.users[rows] @ table.T

    def divergence(row: int, group: np.ndarray, temperature: float) -> float:
        wide = float(wanted[:, group].std(axis=1).mean()) * temperature
        asked = np.setdiff1d(group, interactions.item[interactions.user == rows[row]])
        own, other = softmax(given[row, asked] / wide), softmax(wanted[rows[row], asked] / wide)
        return float((other * np.log(other / own)).sum())

    parts = [(np.arange(len(half)), 0.5, 0.6), (np.flatnonzero(half == 0), 2.0, 0.2), (np.flatnonzero(half), 2.0, 0.2)]
    expected = np.mean([sum(share * divergence(row, group, t) for group, t, share in parts) for row in (0, 1)])
    found = float(lessons.loss(*lessons.batch(factors.users, rows), table))
    assert found == pytest.approx(expected, rel=0.02)
    assert float(lessons.loss(*lessons.batch(factors.users, rows), factors.items)) == pytest.approx(0, abs=1e-5)


def test_what_a_user_has_taken_is_not_asked_for(factors: Factors, interactions: Interactions) -> None:
    lessons = _Lessons(factors, interactions, replace(SETTING, halves=0))
    _, _, (seen,) = lessons.batch(factors.users, np.array([5, 2]))
    for place, user in enumerate((5, 2)):
        taken = np.sort(interactions.item[interactions.user == user])
        np.testing.assert_array_equal(np.flatnonzero(seen[place]), taken)
        assert seen[place].min() == IMPOSSIBLE


@pytest.mark.parametrize("solve", [False, True])
def test_tuning_brings_the_scores_nearer_and_moves_codes(
    factors: Factors, coded: Coded, interactions: Interactions, solve: bool
) -> None:
    lines: list[str] = []
    setting = replace(SETTING, solve=solve, epochs=8, learning_rate=0.05)
    tuned = tune_factors(factors, coded, setting, interactions, seed=0, progress=lines.append)
    lessons, everyone = _Lessons(factors, interactions, setting), np.arange(interactions.users)
    items = tuned.coded.decode()
    start = solve_users(coded.decode(), interactions, **ALS) if solve else factors.users
    losses = [
        float(lessons.loss(*lessons.batch(users, everyone), table))
        for users, table in ((start, coded.decode()), (tuned.users, items))
    ]
    assert losses[1] < (1 if solve else 0.95) * losses[0]
    assert [epoch.loss is None for epoch in tuned.epochs] == [True, *[False] * 8]
    users = solve_users(items, interactions, **ALS) if solve else factors.users
    np.testing.assert_array_equal(tuned.users, users)
    assert isinstance(tuned.coded, Tiers)
    assert isinstance(coded, Tiers)
    before, after = coded.parts[1], tuned.coded.parts[1]
    assert isinstance(before, AdditiveCodes)
    assert isinstance(after, AdditiveCodes)
    assert (before.codes != after.codes).any()
    assert (tuned.best, len(lines)) == (8, 9)


def test_the_best_epoch_by_the_judge_comes_back(factors: Factors, coded: Coded, interactions: Interactions) -> None:
    said = iter([1.0, 3.0, 3.0, 2.0, 0.0])
    tables: list[np.ndarray] = []

    def judge(users: np.ndarray, items: np.ndarray) -> float:
        assert users.shape == factors.users.shape
        tables.append(items)
        return next(said)

    tuned = tune_factors(factors, coded, SETTING, interactions, seed=0, judge=judge)
    assert tuned.best == 1
    np.testing.assert_array_equal(tuned.coded.decode(), tables[1])
    assert [epoch.judged for epoch in tuned.epochs] == [1, 3, 3, 2, 0]
    worse = iter([5.0, 1.0, 1.0, 1.0, 1.0])
    start = tune_factors(factors, coded, SETTING, interactions, seed=0, judge=lambda *_: next(worse))
    assert start.best == 0
    assert stored(start)[:-1] == [array.tobytes() for array in coded.stored]


def test_two_runs_give_the_same_bytes(factors: Factors, coded: Coded, interactions: Interactions) -> None:
    setting = replace(SETTING, epochs=1)
    one, same, other = (tune_factors(factors, coded, setting, interactions, seed=seed) for seed in (0, 0, 1))
    assert stored(one) == stored(same) != stored(other)


def test_what_does_not_fit_is_refused(factors: Factors, interactions: Interactions) -> None:
    narrow = rounded(factors.items[:, :4], minmax_scales(factors.items[:, :4], 4), 4)
    with pytest.raises(RecipeError, match=r"the items are coded as \[96, 4\], expected \[96, 8\]"):
        tune_factors(factors, narrow, SETTING, interactions, seed=0)
    with pytest.raises(RecipeError, match=r"halves is 1.5, expected a share of the loss from 0 to 1"):
        replace(SETTING, halves=1.5)
    with pytest.raises(RecipeError, match=r"temperature is 0, expected more than 0"):
        replace(SETTING, temperature=0)
