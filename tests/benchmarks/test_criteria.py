"""What is left of a table once a criterion was asked."""

from typing import Any

import numpy as np

from benchmarks.criteria import Asked, Pruned, as_trained, gradients, pruned
from benchmarks.factor_settings import turned
from edgerec.criteria import registry
from edgerec.criteria.criterion import COLUMN, ELEMENT, ROW, saliency
from edgerec.criteria.statistics import Statistics
from edgerec.data.interactions import Interactions
from edgerec.models.factors import Factors

RANDOM = np.random.default_rng(0)
TABLE = RANDOM.normal(size=(6, 4)).astype(np.float32)
NEAR = np.array([1, 0, 0, 0, 0, 0])
STATISTICS = Statistics(popularity=np.array([9, 1, 1, 1, 1, 1]), initial=np.full(TABLE.shape, 0.5, np.float32))


def left(name: str, grain: str, share: float, **settings: Any) -> Pruned:
    factors = Factors(np.ones((3, 4), np.float32), TABLE)
    return pruned_by(Asked(registry.criterion(name, **settings), grain, factors, STATISTICS), share)


def pruned_by(asked: Asked, share: float) -> Pruned:
    scores = saliency(asked.criterion, asked.factors.items, asked.statistics, asked.grain)
    return pruned(asked, scores, share, NEAR)


def test_columns_go_and_the_others_stay_as_they_are() -> None:
    made = left("variance", COLUMN, 0.5)
    assert len(made.columns) == 2
    assert np.array_equal(made.items, TABLE[:, made.columns])
    assert TABLE.var(axis=0)[made.columns].min() > np.delete(TABLE.var(axis=0), made.columns).max()


def test_columns_left_out_of_turned_factors_are_left_out_of_the_scores_alone() -> None:
    random = np.random.default_rng(1)
    factors = Factors(random.normal(size=(9, 4)).astype(np.float32), TABLE)
    axes = turned(factors)
    statistics = Statistics(second_moment=np.eye(4))
    given = Factors(axes.users, axes.items)
    asked = Asked(registry.criterion("max_variance"), COLUMN, given, statistics, turned=axes)
    made = pruned_by(asked, 0.75)
    assert made.columns.tolist() == [0, 1, 2]
    expected = axes.users[:, :3] @ axes.items[:, :3].T
    assert np.allclose(factors.users @ as_trained(made, asked).T, expected, atol=1e-4)


def test_elements_go_to_zero_and_those_of_a_reset_to_where_they_began() -> None:
    zeroed = left("magnitude", ELEMENT, 0.25).items
    assert (zeroed != 0).sum() == 6
    reset = left("reset", ELEMENT, 0.25, to="initial").items
    assert (reset == 0.5).sum() == 18


def test_rows_without_one_of_their_own_share_that_of_their_twin() -> None:
    made = left("popularity", ROW, 1 / 3).items
    weights = np.array([9, 1, 1, 1])
    assert np.array_equal(made[1], TABLE[1])
    shared = (weights[:, None] * TABLE[[0, 2, 3, 4]]).sum(axis=0)
    assert np.allclose(made[0], (shared + TABLE[5]) / 13, atol=1e-5)
    assert (made[2:] == made[0]).all()


def test_gradients_are_those_of_the_squared_error_of_the_interactions() -> None:
    seen = Interactions.from_columns(["a", "a", "b"], ["x", "y", "x"], [0, 0, 0])
    factors = Factors(RANDOM.normal(size=(2, 3)).astype(np.float32), RANDOM.normal(size=(2, 3)).astype(np.float32))

    def error(user: int, items: np.ndarray, item: int) -> float:
        return float((1 - factors.users[user].astype(np.float64) @ items[item]) ** 2 / 2)

    found = gradients(seen, factors)
    wide = factors.items.astype(np.float64)
    single = np.zeros((3, 2, 3))
    for place, (user, item) in enumerate(zip(seen.user, seen.item, strict=True)):
        for row in range(2):
            for column in range(3):
                moved = [wide.copy(), wide.copy()]
                moved[0][row, column] += 1e-5
                moved[1][row, column] -= 1e-5
                single[place, row, column] = (error(user, moved[0], item) - error(user, moved[1], item)) / 2e-5
    assert np.allclose(found.mean, single.mean(axis=0), atol=1e-4)
    assert np.allclose(found.mean_square, np.square(single).mean(axis=0), atol=1e-4)
