import dataclasses
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.data.duplicates import Duplicates
from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions, k_core

ANY = st.from_type(Interactions)


def rows_of(interactions: Interactions) -> list[tuple[str, str, int]]:
    return [
        (interactions.user_ids[user], interactions.item_ids[item], int(time))
        for user, item, time in zip(interactions.user, interactions.item, interactions.time, strict=True)
    ]


@settings(deadline=None)
@given(ANY, st.randoms(use_true_random=False))
def test_the_order_of_rows_given_does_not_matter(interactions: Interactions, random: object) -> None:
    rows = [(*row, weight) for row, weight in zip(rows_of(interactions), interactions.weight, strict=True)]  # type: ignore[arg-type]
    random.shuffle(rows)  # type: ignore[attr-defined]
    user, item, time, weight = zip(*rows, strict=True)
    again = Interactions.from_columns(user, item, time, weight)
    assert again.digest() == interactions.digest()


@settings(deadline=None)
@given(ANY)
def test_rows_are_sorted_and_offsets_bound_each_user(interactions: Interactions) -> None:
    keys = list(zip(interactions.user, interactions.time, interactions.item, strict=True))
    assert keys == sorted(keys)
    for user in range(interactions.users):
        start, end = interactions.offsets[user : user + 2]
        assert (interactions.user[start:end] == user).all()
    assert interactions.offsets[-1] == len(interactions)


@settings(deadline=None)
@given(ANY, st.data())
def test_parts_joined_again_are_the_whole(interactions: Interactions, data: st.DataObject) -> None:
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(interactions), max_size=len(interactions))), np.bool_
    )
    joined = interactions.rows(mask).joined(interactions.rows(~mask))
    assert joined.digest() == interactions.digest()


@settings(deadline=None)
@given(ANY, st.integers(1, 3))
def test_a_core_has_k_of_everything_and_is_the_largest_such_part(interactions: Interactions, k: int) -> None:
    left = set(rows_of(interactions))
    while True:
        users = [row[0] for row in left]
        items = [row[1] for row in left]
        weak = {row for row in left if users.count(row[0]) < k or items.count(row[1]) < k}
        if not weak:
            break
        left -= weak
    if not left:
        with pytest.raises(DataError, match="smaller k"):
            k_core(interactions, k)
        return
    core = k_core(interactions, k)
    assert set(rows_of(core)) == left
    assert set(core.user_ids) == {row[0] for row in left}
    assert set(core.item_ids) == {row[1] for row in left}


REPEATED = ([1, 1, 1, 2], [5, 5, 6, 5], [30, 10, 20, 10], [3.0, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("duplicates", "weights"),
    [("keep_first", [1.0, 2.0, 4.0]), ("keep_last", [2.0, 3.0, 4.0]), ("allow", [1.0, 2.0, 3.0, 4.0])],
)
def test_repeats_are_kept_as_asked(duplicates: Duplicates, weights: list[float]) -> None:
    kept = Interactions.from_columns(*REPEATED, duplicates=duplicates)
    assert kept.weight is not None
    assert kept.weight.tolist() == weights


def test_repeats_are_refused_by_name_unless_asked_for() -> None:
    with pytest.raises(DataError, match=r"1 interactions repeat .* user '1' and item '5': pass duplicates"):
        Interactions.from_columns(*REPEATED)


def test_no_rows_and_uneven_columns_are_refused() -> None:
    with pytest.raises(DataError, match="no interactions"):
        Interactions.from_columns([], [], [])
    with pytest.raises(DataError, match=r"different lengths, \{'user': 2, 'item': 1, 'time': 1\}"):
        Interactions.from_columns([1, 2], [1], [1])


def test_values_cannot_be_changed() -> None:
    source = np.array([1, 2], np.int32)
    made = Interactions(np.array([0, 1], np.int32), source, np.array([0, 0]), None, ("a", "b"), ("x", "y", "z"))
    source[0] = 0
    assert made.item.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        made.item[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.item = source  # type: ignore[misc]


def test_a_constructor_call_is_validated_too() -> None:
    right: dict[str, Any] = {
        "user": np.array([0, 1], np.int32),
        "item": np.array([0, 0], np.int32),
        "time": np.array([5, 4]),
        "weight": None,
        "user_ids": ("a", "b"),
        "item_ids": ("x",),
    }
    Interactions(**right)
    for wrong, words in (
        ({"user": np.array([1, 0], np.int32)}, "not sorted"),
        ({"item": np.array([0, 1], np.int32)}, "outside its vocabulary of 1"),
        ({"time": np.array([5])}, r"expected int64 \(2,\)"),
        ({"time": np.array([5.0, 4.0])}, "'time' is float64"),
    ):
        with pytest.raises(DataError, match=words):
            Interactions(**(right | wrong))


def test_a_digest_tells_every_value_and_id() -> None:
    base: dict[str, Any] = {"user": ["a", "b"], "item": ["x", "y"], "time": [1, 2], "weight": [1.0, 2.0]}
    changes: list[dict[str, Any]] = [
        {"user": ["a", "c"]},
        {"item": ["x", "z"]},
        {"time": [1, 3]},
        {"weight": [1.0, 3.0]},
        {"weight": None},
    ]
    digests = [Interactions.from_columns(**(base | change)).digest() for change in [{}, *changes]]
    assert len(set(digests)) == len(digests)


@settings(deadline=None)
@given(ANY, st.randoms())
def test_in_another_vocabulary_the_same_is_told_and_ids_without_interactions_stay(
    interactions: Interactions, random: Random
) -> None:
    users, items = [*interactions.user_ids, "new user"], ["new", *interactions.item_ids]
    random.shuffle(users)
    random.shuffle(items)
    found = interactions.in_vocabulary(users=users, items=items)
    assert (found.user_ids, found.item_ids) == (tuple(users), tuple(items))
    assert sorted(rows_of(found)) == sorted(rows_of(interactions))
    only = interactions.in_vocabulary(items=items)
    assert (only.user_ids, only.user.tolist()) == (interactions.user_ids, interactions.user.tolist())
