import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.data import movietweetings, splitting
from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions
from edgerec.models.factors import factorize, solve_users

SETTINGS = {"regularization": 0.7, "alpha": 5.0}


def drawn(users: int, items: int, count: int, seed: int) -> Interactions:
    """Return `count` random interactions, of which some repeat and the last user and item have none."""
    generator = np.random.default_rng(seed)
    user, item = np.sort(generator.integers(0, users - 1, count)), generator.integers(0, items - 1, count)
    order = np.lexsort((item, user))
    names = tuple(tuple(map(str, range(number))) for number in (users, items))
    return Interactions(
        user[order].astype(np.int32), item[order].astype(np.int32), np.zeros(count, np.int64), None, *names
    )


def solved_one_by_one(fixed: np.ndarray, row: np.ndarray, partner: np.ndarray, rows: int) -> np.ndarray:
    """Solve (F'F + regularization + alpha V'V) x = (1 + alpha) V'1 for each row in float64."""
    wide = fixed.astype(np.float64)
    base = wide.T @ wide + SETTINGS["regularization"] * np.eye(fixed.shape[1])
    taken = [wide[partner[row == number]] for number in range(rows)]
    alpha = SETTINGS["alpha"]
    return np.array([np.linalg.solve(base + alpha * v.T @ v, (1 + alpha) * v.sum(axis=0)) for v in taken])


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999), st.sampled_from([10, 60, 400]), st.integers(1, 9))
def test_users_are_those_solved_one_by_one(seed: int, count: int, columns: int) -> None:
    interactions = drawn(12, 15, count, seed)
    items = np.random.default_rng(seed).standard_normal((15, columns)).astype(np.float32)
    expected = solved_one_by_one(items, interactions.user, interactions.item, 12)
    np.testing.assert_allclose(solve_users(items, interactions, **SETTINGS), expected, rtol=2e-3, atol=2e-4)


def test_lists_longer_and_shorter_than_a_batch_are_all_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    interactions = drawn(40, 30, 500, 3)
    items = np.random.default_rng(0).standard_normal((30, 6)).astype(np.float32)
    whole = solve_users(items, interactions, **SETTINGS)
    monkeypatch.setattr("edgerec.models.factors.FLOATS_AT_ONCE", 300)
    np.testing.assert_allclose(solve_users(items, interactions, **SETTINGS), whole, rtol=1e-4, atol=1e-5)


def test_an_iteration_solves_users_and_then_items() -> None:
    interactions = drawn(12, 15, 80, 1)
    one, two = (factorize(interactions, 4, iterations=count, seed=0, **SETTINGS) for count in (1, 2))
    items = solved_one_by_one(one.users, interactions.item, interactions.user, 15)
    np.testing.assert_allclose(two.items, items, rtol=2e-3, atol=2e-4)
    np.testing.assert_array_equal(two.users, solve_users(two.items, interactions, **SETTINGS))
    assert not two.users[-1].any()
    assert not two.items[-1].any()


def test_a_seed_gives_the_same_factors() -> None:
    interactions = drawn(12, 15, 80, 1)
    one, same, other = (factorize(interactions, 4, iterations=2, seed=seed, **SETTINGS) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.items, same.items)
    assert (one.items != other.items).any()


@pytest.mark.slow
def test_recall_on_movietweetings_is_that_of_a_good_baseline() -> None:
    split = splitting.split(movietweetings.load(), splitting.random_share(0.2), seed=0)
    seen = split.seen("test")
    factors = factorize(seen, 64, regularization=100, alpha=40, iterations=15, seed=0)
    scores = factors.users @ factors.items.T
    scores[seen.user, seen.item] = -np.inf
    best = np.argpartition(-scores, 20, axis=1)[:, :20]
    held = np.zeros(scores.shape, bool)
    held[split.test.user, split.test.item] = True
    judged = held.any(axis=1)
    recall = (np.take_along_axis(held, best, axis=1).sum(axis=1)[judged] / held.sum(axis=1)[judged]).mean()
    assert recall >= 0.29


@pytest.mark.parametrize("name", ["regularization", "alpha", "iterations", "columns"])
def test_settings_that_are_not_positive_are_refused(name: str) -> None:
    given = {"regularization": 1.0, "alpha": 1.0, "iterations": 1, "columns": 2, name: 0}
    columns = given.pop("columns")
    with pytest.raises(DataError, match=rf"{name} above 0, not 0"):
        factorize(drawn(4, 4, 6, 0), columns, seed=0, **given)


def test_a_table_of_other_items_is_refused() -> None:
    with pytest.raises(DataError, match=r"shape \(3, 2\): give one row for each of 4 items"):
        solve_users(np.zeros((3, 2), np.float32), drawn(4, 4, 6, 0), **SETTINGS)
