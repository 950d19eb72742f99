"""Lists and ranks against sorting in plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from device_tests import ranking
from device_tests.errors import ModelError

SCORES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 12)),
    elements=st.sampled_from([-np.inf, -1.5, -0.0, 0.0, 1.0, 2.0, 3e38]),
)


def ordered(row: np.ndarray) -> list[int]:
    return sorted(range(len(row)), key=lambda item: (-row[item], item))


@given(scores=SCORES, data=st.data())
def test_top_k_is_the_start_of_the_sorted_list(scores: np.ndarray, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, scores.shape[1]))
    found = ranking.top_k(scores, k)
    assert found.dtype == np.int32
    assert found.tolist() == [ordered(row)[:k] for row in scores]


@pytest.mark.parametrize("levels", [3, 1 << 20], ids=["ties", "hardly a tie"])
@pytest.mark.parametrize("k", [1, 5, 9])
def test_the_lists_of_a_large_catalogue_are_those_of_a_small_one(
    levels: int, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = np.random.default_rng(k).integers(0, levels, (4, 67)).astype(np.float32)
    scores[2], scores[3, 10:] = 1.0, -np.inf
    whole = ranking.top_k(scores, k)
    monkeypatch.setattr(ranking, "_BLOCK", 7)
    np.testing.assert_array_equal(ranking.top_k(scores, k), whole)
    assert whole.tolist() == [ordered(row)[:k] for row in scores]


@given(scores=SCORES, data=st.data())
def test_a_rank_is_the_place_in_the_sorted_list(scores: np.ndarray, data: st.DataObject) -> None:
    pairs = data.draw(
        st.lists(st.tuples(st.integers(0, len(scores) - 1), st.integers(0, scores.shape[1] - 1)), max_size=8)
    )
    rows, items = np.array(pairs, np.int32).reshape(-1, 2).T
    found = ranking.ranks_of(scores, rows, items)
    assert found.dtype == np.int32
    assert found.tolist() == [ordered(scores[row]).index(item) + 1 for row, item in pairs]


def test_ranks_are_the_same_in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    scores = random.integers(0, 4, (6, 9)).astype(np.float32)
    rows, items, others = random.integers(0, 6, 50), random.integers(0, 9, 50), random.integers(0, 9, (50, 5))
    at_once = ranking.ranks_among(scores, rows, items, others)
    monkeypatch.setattr(ranking, "_CHUNK", 20)
    np.testing.assert_array_equal(ranking.ranks_among(scores, rows, items, others), at_once)


@given(data=st.data(), k=st.integers(1, 8))
def test_overlap_counts_the_common_items(data: st.DataObject, k: int) -> None:
    lists = st.lists(st.permutations(range(10)).map(lambda ids: ids[:k]), min_size=3, max_size=3)
    first, second = data.draw(lists), data.draw(lists)
    found = ranking.overlap(np.array(first, np.int32), np.array(second, np.int32))
    assert found.tolist() == [len(set(a) & set(b)) / k for a, b in zip(first, second, strict=True)]


def test_lists_of_different_length_have_no_overlap() -> None:
    with pytest.raises(ModelError, match=r"lists of shape \(1, 2\) cannot be compared with lists of shape \(1, 3\)"):
        ranking.overlap(np.zeros((1, 2), np.int32), np.zeros((1, 3), np.int32))


@pytest.mark.parametrize("k", [0, 4])
def test_k_outside_the_catalogue_is_refused(k: int) -> None:
    with pytest.raises(ModelError, match=rf"k should be 1 to 3 \(the items\), not {k}"):
        ranking.top_k(np.zeros((1, 3), np.float32), k)


def test_a_score_that_is_no_number_is_refused_by_name() -> None:
    scores = np.array([[1, 2, 3], [1, np.nan, np.nan]], np.float32)
    with pytest.raises(ModelError, match=r"scored NaN .2 scores, the first for item 1 of row 1."):
        ranking.top_k(scores, 2)
    with pytest.raises(ModelError, match=r"scored NaN"):
        ranking.ranks_of(scores, np.array([0]), np.array([0]))


@given(data=st.data())
def test_a_rank_among_candidates_is_that_of_a_plain_sort(data: st.DataObject) -> None:
    scores = np.array(
        data.draw(st.lists(st.lists(st.sampled_from([-np.inf, 0, 1]), min_size=6, max_size=6), min_size=1, max_size=3)),
        np.float32,
    )
    pairs = data.draw(st.lists(st.tuples(st.integers(0, len(scores) - 1), st.permutations(range(6))), max_size=5))
    rows, lists = np.array([row for row, _ in pairs], int), [order[:4] for _, order in pairs]
    items, others = np.array([first for first, *_ in lists], int), np.array([rest for _, *rest in lists], int)
    found = ranking.ranks_among(scores, rows, items, others.reshape(-1, 3))
    expected = [
        sorted(own, key=lambda item: (-scores[row, item], item)).index(own[0]) + 1
        for row, own in zip(rows, lists, strict=True)
    ]
    assert found.tolist() == expected


@given(st.lists(st.permutations(range(6)), max_size=5), st.integers(1, 6), st.data())
def test_an_item_is_recommended_from_the_best_place_that_it_has_in_any_list(
    orders: list[list[int]], k: int, data: st.DataObject
) -> None:
    lists = np.array([order[:k] for order in orders], np.int32).reshape(-1, k)
    shown = np.array(data.draw(st.lists(st.booleans(), min_size=lists.size, max_size=lists.size)), bool).reshape(-1, k)
    places = ranking.best_places(lists, shown, 6)
    for item in range(6):
        found = np.argwhere((lists == item) & shown)[:, 1].tolist()
        assert places[item] == 1 + min(found, default=k)
    counts = [len(set(lists[:, :depth][shown[:, :depth]].tolist())) for depth in range(1, k + 1)]
    assert ranking.recommended_items(places, k).tolist() == counts
