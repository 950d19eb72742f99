import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.tables.float16_rows import Float16Rows
from converters.tables.shared_rows import SharedRows
from edgerec.compress.errors import RecipeError
from edgerec.compress.rows import of_shared, shared_rows, with_twins
from edgerec.criteria.co_occurrence import CoOccurrence, twins
from edgerec.criteria.criterion import saliency
from edgerec.criteria.statistics import Statistics, Taken

SALIENCY = np.array([5.0, 0, 9, 1, 5, 0])


def test_the_highest_have_a_row_of_their_own_and_the_others_share_one() -> None:
    assert shared_rows(SALIENCY, 2).tolist() == [0, 2, 1, 2, 2, 2]
    assert shared_rows(SALIENCY, 3).tolist() == [0, 3, 1, 3, 2, 3]
    assert shared_rows(SALIENCY, 2).dtype == np.int32


def test_the_others_share_within_their_groups_and_no_row_is_left_unused() -> None:
    groups = np.array([0, 7, 3, 7, 2, 9])
    assert shared_rows(SALIENCY, 2, groups).tolist() == [0, 3, 1, 3, 2, 4]


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_every_shared_row_is_used_and_rows_of_their_own_by_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = int(random.integers(2, 30))
    own = int(random.integers(1, rows))
    index = shared_rows(random.integers(4, size=rows).astype(float), own, random.integers(5, size=rows))
    uses = np.bincount(index)
    assert (uses > 0).all()
    assert (uses[:own] == 1).all()


def test_a_row_uses_its_twins_row_or_the_twins_twins() -> None:
    twin = np.array([1, 2, 2, 1, 0, 5])  # 3 -> 1 -> 2, which has a row; 5 is its own twin
    assert with_twins(SALIENCY, 2, twin).tolist() == [0, 1, 1, 1, 0, 2]


def test_twins_without_a_row_that_only_know_each_other_share_the_last_one() -> None:
    assert with_twins(SALIENCY, 2, np.array([0, 3, 2, 1, 2, 3])).tolist() == [0, 2, 1, 2, 1, 2]


def test_a_long_chain_of_twins_is_followed_to_its_end() -> None:
    rows = 1000
    twin = np.maximum(np.arange(rows) - 1, 0)
    assert with_twins(-np.arange(rows, dtype=float), 1, twin).tolist() == [0] * rows


def test_items_that_the_same_users_took_share_one_row() -> None:
    taken = Taken(np.array([0, 0, 1, 1, 2, 3, 3]), np.array([0, 1, 0, 1, 5, 7, 8]))
    found = saliency(CoOccurrence(), np.zeros((4, 2)), Statistics(taken=taken), "row")
    assert with_twins(found, 3, twins(taken, 4).row).tolist() == [0, 0, 1, 2]


def test_a_shared_row_is_the_mean_of_those_that_use_it() -> None:
    table, index = np.array([[1.0, 1], [3, 5], [7, 9]], np.float32), np.array([0, 1, 1], np.int32)
    assert of_shared(table, index).tolist() == [[1, 1], [5, 7]]
    assert of_shared(table, index, np.array([4, 1, 3])).tolist() == [[1, 1], [6, 8]]
    assert of_shared(table, index, np.array([0, 0, 0])).tolist() == [[1, 1], [5, 7]]


def test_the_codec_of_shared_rows_takes_the_index() -> None:
    table = np.arange(12, dtype=np.float32).reshape(6, 2)
    index = shared_rows(SALIENCY, 4)
    coded = SharedRows(index, Float16Rows(of_shared(table, index).astype(np.float16)))
    assert np.array_equal(coded.decode()[[0, 2, 3, 4]], table[[0, 2, 3, 4]])
    assert np.array_equal(coded.decode()[1], table[[1, 5]].mean(axis=0))


@pytest.mark.parametrize("own", [0, 6, 7])
def test_no_row_and_every_row_of_their_own_are_refused(own: int) -> None:
    with pytest.raises(RecipeError, match=f"own is {own}, expected 1 to 5 of 6 rows"):
        shared_rows(SALIENCY, own)


def test_groups_and_twins_of_other_rows_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"groups have shape \(5,\), expected \(6,\)"):
        shared_rows(SALIENCY, 2, np.zeros(5, np.int32))
    with pytest.raises(RecipeError, match=r"twins have shape \(5,\), expected \(6,\)"):
        with_twins(SALIENCY, 2, np.zeros(5, np.int32))
