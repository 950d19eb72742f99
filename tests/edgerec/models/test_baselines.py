from collections.abc import Callable

import numpy as np
import pytest

from device_tests import metrics, ranking
from edgerec.data import movietweetings
from edgerec.data.errors import DataError
from edgerec.data.evaluation import evaluated_users, evaluation_set
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Split, last_n, random_share, split
from edgerec.models.baselines import Scorer, ease, most_popular


def judged(parts: Split, scorer: Scorer, k: int) -> tuple[float, float]:
    """Return recall@k and NDCG@k on test, over all items not seen."""
    known = evaluation_set(parts, ())
    scores = scorer(evaluated_users(parts))
    scores[known.seen.rows, known.seen.values] = -np.inf
    ranks = ranking.ranks_of(scores, known.relevant.rows, known.relevant.values).tolist()
    offsets = known.relevant.offsets.tolist()
    return metrics.mean(metrics.recall, offsets, ranks, k), metrics.mean(metrics.ndcg, offsets, ranks, k)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fit", "recall", "ndcg"),
    [(most_popular, 0.1521, 0.0775), (lambda parts: ease(parts, 300), 0.183, 0.0934)],
)
def test_reference_points_of_the_last_item(fit: Callable[[Split], Scorer], recall: float, ndcg: float) -> None:
    parts = split(movietweetings.load(), last_n(1), seed=0)
    assert judged(parts, fit(parts), 10) == pytest.approx((recall, ndcg), abs=0.001)


@pytest.mark.slow
def test_reference_points_of_a_random_fifth() -> None:
    parts = split(movietweetings.load(), random_share(0.2), seed=1)
    assert judged(parts, most_popular(parts), 20) == pytest.approx((0.262, 0.150), abs=0.01)
    assert judged(parts, ease(parts, 200), 20) == pytest.approx((0.320, 0.191), abs=0.01)


def small() -> Split:
    generator = np.random.default_rng(0)
    taken = generator.random((30, 12)) < 0.4
    user, item = np.nonzero(taken)
    return split(Interactions.from_columns(user, item, generator.integers(0, 50, len(user))), last_n(1), seed=0)


def test_ease_solves_its_regression() -> None:
    parts = small()
    seen = parts.seen("test")
    rows = np.zeros((seen.users, seen.items))
    rows[seen.user, seen.item] = 1
    weights = np.zeros((seen.items, seen.items))
    for item in range(seen.items):  # ridge regression of each column on the others
        others = np.arange(seen.items) != item
        gram = rows[:, others].T @ rows[:, others] + 3.0 * np.eye(seen.items - 1)
        weights[others, item] = np.linalg.solve(gram, rows[:, others].T @ rows[:, item])
    scores = ease(parts, 3.0)(np.arange(seen.users))
    assert scores.dtype == np.float32
    assert scores == pytest.approx(rows @ weights, abs=1e-5)


def test_popularity_counts_what_was_seen_before_the_part() -> None:
    parts = small()
    assert np.array_equal(most_popular(parts)(np.array([0, 1]))[1], parts.seen("test").popularity())
    assert np.array_equal(most_popular(parts, part="validation")(np.array([4]))[0], parts.train.popularity())


def test_a_scorer_takes_users_in_any_order() -> None:
    parts = small()
    scorer = ease(parts, 3.0)
    everybody = scorer(np.arange(parts.train.users))
    assert scorer(np.array([7, 2])) == pytest.approx(everybody[[7, 2]], abs=1e-6)


@pytest.mark.parametrize("regularization", [0, -1.0, float("nan")])
def test_a_regularization_that_is_not_positive_is_refused(regularization: float) -> None:
    with pytest.raises(DataError, match="above 0"):
        ease(small(), regularization)


def test_a_catalogue_too_large_for_its_square_is_refused() -> None:
    interactions = Interactions.from_columns(np.zeros(30_001, int), np.arange(30_001), np.arange(30_001))
    with pytest.raises(DataError, match="30001 items in memory"):
        ease(split(interactions, last_n(1), seed=0), 1.0)
