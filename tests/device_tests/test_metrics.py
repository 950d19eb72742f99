"""Metrics against the textbook, written with sets and lists."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests import metrics

ITEMS = 12


def cases() -> st.SearchStrategy[tuple[list[int], set[int], int]]:
    """Give a whole ranking, the relevant items in it, and k."""
    return st.tuples(
        st.permutations(range(ITEMS)),
        st.sets(st.integers(0, ITEMS - 1), min_size=1, max_size=6),
        st.integers(1, ITEMS + 3),
    )


def textbook(name: str, ranking: list[int], relevant: set[int], k: int) -> float:
    top = ranking[:k]
    hits = [item in relevant for item in top]
    if name == "recall":
        return len(set(top) & relevant) / len(relevant)
    if name == "hit_rate":
        return float(any(hits))
    if name == "mrr":
        return 1 / (hits.index(True) + 1) if any(hits) else 0
    best = [1] * min(len(relevant), k)
    gain = [sum(each / math.log2(place + 2) for place, each in enumerate(gains)) for gains in (hits, best)]
    return gain[0] / gain[1]


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
@given(case=cases())
def test_a_metric_is_the_textbook_one(name: str, case: tuple[list[int], set[int], int]) -> None:
    ranking, relevant, k = case
    ranks = [ranking.index(item) + 1 for item in relevant]
    assert metrics.METRICS[name](ranks, k) == pytest.approx(textbook(name, ranking, relevant, k), abs=1e-12)


def test_known_values() -> None:
    assert metrics.recall([1, 4, 11], 10) == pytest.approx(2 / 3)
    assert metrics.hit_rate([11, 10], 10) == 1
    assert metrics.hit_rate([11], 10) == 0
    assert metrics.reciprocal_rank([7, 4], 10) == 0.25
    assert metrics.reciprocal_rank([11], 10) == 0
    assert metrics.ndcg([1], 10) == 1
    assert metrics.ndcg([3], 10) == 0.5
    assert metrics.ndcg([1, 2, 3], 2) == 1


def test_the_mean_leaves_out_users_without_a_held_out_item() -> None:
    offsets, ranks = (0, 1, 1, 3, 3), (1, 20, 2)
    assert metrics.per_user(metrics.recall, offsets, ranks, 10) == (1.0, 0.5)
    assert metrics.mean(metrics.recall, offsets, ranks, 10) == 0.75


def test_no_user_has_no_mean() -> None:
    with pytest.raises(ValueError, match=r"no user has a held-out item"):
        metrics.mean(metrics.recall, (0, 0), (), 10)


def test_k_below_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 1, not 0"):
        metrics.mean(metrics.recall, (0, 1), (1,), 0)
