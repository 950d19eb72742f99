"""When two scorings agree: every part of the rule missed alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from device_tests import agreement
from device_tests.agreement import agree
from device_tests.errors import ModelError

BASE = np.array([[0.0, 10.0, 5.0, 4.99, 1.0, 2.0]], np.float32)


def test_equal_scores_agree() -> None:
    found = agree(BASE, BASE.copy(), 3, 0.0)
    assert (found.largest_difference, found.overlap, found.order_held, found.identical_lists) == (0.0, 1.0, True, 1.0)
    assert found.held


def test_the_difference_is_a_share_of_the_range() -> None:
    other = BASE.copy()
    other[0, 4] += 0.2
    assert agree(BASE, other, 3, 0.02).largest_difference == pytest.approx(0.02, rel=1e-5)
    assert agree(BASE, other, 3, 0.021).held
    assert not agree(BASE, other, 3, 0.019).held


def test_the_worst_user_counts() -> None:
    both = np.repeat(BASE, 3, axis=0)
    other = both.copy()
    other[1, 4] += 1
    assert agree(both, other, 3, 0.01).largest_difference == pytest.approx(0.1)


def test_items_with_near_scores_may_change_places() -> None:
    other = BASE.copy()
    other[0, [2, 3]] = other[0, [3, 2]]
    found = agree(BASE, other, 3, 0.01)
    assert found.held
    assert found.identical_lists == 0


def test_how_near_is_the_mean_of_both_scorings() -> None:
    a = np.array([[0.0, 10.0, 5.0, 4.85]], np.float32)
    b = np.array([[0.0, 10.0, 4.9, 4.95]], np.float32)
    assert agree(a, b, 4, 0.011).order_held
    assert not agree(a, b, 4, 0.009).order_held


def test_items_with_far_scores_may_not() -> None:
    other = BASE.copy()
    other[0, [1, 2]] = other[0, [2, 1]]
    found = agree(BASE, other, 3, 0.01)
    assert not found.order_held
    assert not found.held
    assert found.overlap == 1


def test_an_item_may_not_drop_out_of_the_list_unnoticed() -> None:
    other = BASE.copy()
    other[0, 1] = 0.5
    found = agree(BASE, other, 2, 0.01)
    assert not found.order_held
    assert found.overlap == 0.5


def test_lists_that_differ_too_often_do_not_agree() -> None:
    other = BASE.copy()
    other[0, [2, 3]] = other[0, [3, 2]]
    found = agree(BASE, other, 2, 0.01)
    assert found.order_held
    assert found.overlap == 0.5
    assert not found.held


def test_items_left_out_do_not_count() -> None:
    a, b = BASE.copy(), BASE.copy()
    a[0, 1] = b[0, 1] = -np.inf
    b[0, 4] += 0.1
    assert agree(a, b, 6, 1).largest_difference == pytest.approx(0.02, rel=1e-5)
    assert agree(a, b, 6, 0.03).held


def test_users_who_have_seen_everything_agree() -> None:
    nothing = np.full((1, 3), -np.inf, np.float32)
    assert agree(nothing, nothing, 2, 0.0).held


def test_equal_scores_for_everything_leave_no_room() -> None:
    flat, other = np.ones((1, 4), np.float32), np.full((1, 4), 2, np.float32)
    assert agree(flat, flat, 2, 0.0).held
    assert agree(flat, other, 2, 0.5).largest_difference == 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_on_one_side_is_refused(wrong: float) -> None:
    other = BASE.copy()
    other[0, 0] = wrong
    with pytest.raises(ModelError, match=r"not finite"):
        agree(BASE, other, 3, 0.1)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ModelError, match=r"cannot be compared"):
        agree(BASE, BASE[:, :3], 3, 0.1)
    with pytest.raises(ModelError, match=r"cannot be compared"):
        agree(BASE[:0], BASE[:0], 3, 0.1)


@given(
    pair=st.integers(2, 8).flatmap(
        lambda items: st.tuples(
            *[hnp.arrays(np.float32, (4, items), elements=st.integers(-20, 20).map(float))] * 2, st.integers(1, items)
        )
    ),
    step=st.sampled_from([1, 1000]),
)
def test_it_does_not_matter_who_is_asked_first(pair: tuple[np.ndarray, np.ndarray, int], step: int) -> None:
    a, b, k = pair
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "_CHUNK", step)
        there, back = agree(a, b, k, 0.2), agree(b, a, k, 0.2)
    assert there == back
    assert there.order_held or there.largest_difference > 0.2  # a difference within tolerance leaves no other way


def test_garbage_does_not_hide_behind_an_outlier() -> None:
    random = np.random.default_rng(0)
    true = random.normal(size=(20, 50)).astype(np.float32)
    garbage = random.normal(size=(20, 50)).astype(np.float32)
    garbage[:, 7] = 1e6
    found = agree(true, garbage, 5, 0.02)
    assert not found.order_held
    assert found.largest_difference > 1000
