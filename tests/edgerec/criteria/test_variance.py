import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.tables.metric import second_moment
from edgerec.criteria.criterion import saliency
from edgerec.criteria.statistics import Statistics
from edgerec.criteria.variance import MaxVariance, Variance, axes, spread


def drawn(seed: int, rows: int = 30, users: int = 50, columns: int = 5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    mix = np.linalg.qr(random.normal(size=(columns, columns)))[0] * np.arange(1, columns + 1)
    return random.normal(size=(rows, columns)), random.normal(size=(users, columns)) @ mix


def test_a_constant_column_is_least_however_large_it_is() -> None:
    table = np.array([[100.0, 0, 1], [100, 1, 3]], np.float32)
    assert np.allclose(saliency(Variance(), table, Statistics(), "column"), [0, 0.25, 1])


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_axes_leave_every_score_and_are_principal(seed: int) -> None:
    table, users = drawn(seed)
    moment = second_moment(users)
    found = axes(table, moment)
    turned, vectors = table @ found.forward, users @ found.back
    assert np.allclose(vectors @ turned.T, users @ table.T, atol=1e-8)
    assert np.allclose(second_moment(vectors), np.eye(5), atol=1e-3)
    energies = np.diag(turned.T @ turned)
    assert np.allclose(turned.T @ turned, np.diag(energies), atol=1e-6 * energies[0])
    assert (np.diff(energies) <= 0).all()


@given(st.integers(0, 1000), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_what_is_left_are_the_best_scores_of_so_many_columns(seed: int, columns: int) -> None:
    table, users = drawn(seed)
    found = axes(table, second_moment(users))
    left = (users @ found.back)[:, :columns] @ (table @ found.forward)[:, :columns].T
    scores = users @ table.T
    singular = np.linalg.svd(scores, compute_uv=False)
    error = np.square(scores - left).sum()
    assert np.isclose(error, np.square(singular[columns:]).sum(), rtol=1e-3)


def test_the_saliency_in_the_axes_is_the_squared_singular_values_of_the_scores() -> None:
    table, users = drawn(1)
    found = axes(table, second_moment(users))
    known = Statistics(second_moment=second_moment(users @ found.back))
    energies = saliency(MaxVariance(), table @ found.forward, known, "column")
    singular = np.linalg.svd(users @ table.T, compute_uv=False)[:5]
    assert np.allclose(energies, np.square(singular) / len(users), rtol=1e-3)


def test_vectors_in_fewer_directions_than_columns_still_have_axes() -> None:
    table, users = drawn(2)
    users[:, 1] = users[:, 0]
    found = axes(table, second_moment(users))
    assert np.allclose((users @ found.back) @ (table @ found.forward).T, users @ table.T, atol=1e-6)


def test_what_is_left_is_spread_evenly_over_the_columns_and_scores_stay() -> None:
    random = np.random.default_rng(4)
    vectors = np.linalg.qr(random.normal(size=(500, 8)))[0] * np.sqrt(500)  # second moment 1
    table = np.linalg.qr(random.normal(size=(200, 8)))[0] * 0.5 ** np.arange(8)
    found = spread(table, 3.0, seed=1)
    after, read = table @ found.forward, vectors @ found.back
    assert np.allclose(after @ read.T, table @ vectors.T)
    assert np.isclose(np.square(read).sum(axis=1).mean(), 3.0)
    for before, spread_out in ((table, after), (vectors * np.linalg.norm(table, axis=0), read)):
        unlike, alike = (np.ptp(np.log(np.linalg.norm(each, axis=0))) for each in (before, spread_out))
        assert alike < 0.5 * unlike
    assert np.array_equal(spread(table, 3.0, seed=1).back, found.back)
    assert not np.allclose(spread(table, 3.0, seed=2).back, found.back)


def test_columns_of_nothing_are_spread_too() -> None:
    found = spread(np.zeros((5, 3)), 1.0, seed=0)
    assert np.isfinite(found.forward).all()
    assert np.allclose(found.forward @ found.back.T, np.eye(3))
