"""Old and new interactions in one vocabulary: old ids keep their numbers, new ones come behind, others are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.data.interactions import Interactions
from edgerec.data.splitting import last_n, random_share
from edgerec.updates.errors import UpdateError
from edgerec.updates.news import News, news

Row = tuple[str, str, int]


def of(*rows: Row) -> Interactions:
    return Interactions.from_columns(*map(list, zip(*rows, strict=True)))


OLD = of(("b", "m", 1), ("b", "k", 2), ("c", "m", 1), ("c", "z", 2))
NEW = of(("b", "z", 10), ("b", "l", 11), ("a", "m", 10), ("a", "k", 11), ("a", "l", 12))


def told(part: Interactions) -> set[Row]:
    return {
        (part.user_ids[user], part.item_ids[item], int(time))
        for user, item, time in zip(part.user, part.item, part.time, strict=True)
    }


def made(old: Interactions = OLD, new: Interactions = NEW, **settings: str) -> News:
    return news(old, new, last_n(1), seed=0, **{"duplicates": "refuse", **settings})  # type: ignore[arg-type]


def test_new_ids_come_behind_the_old_ones_wherever_they_sort() -> None:
    found = made()
    assert (found.everything.item_ids, found.items) == (("k", "m", "z", "l"), 3)
    assert (found.everything.user_ids, found.users) == (("b", "c", "a"), 2)
    assert told(found.everything) == told(OLD) | told(NEW)


def test_only_what_is_new_is_held_out_and_learned_from_as_new() -> None:
    found = made()
    assert told(found.parts.test) == {("b", "l", 11), ("a", "l", 12)}
    assert told(found.fresh) == {("b", "z", 10), ("a", "m", 10), ("a", "k", 11)}
    assert told(found.parts.seen("test")) == told(OLD) | told(found.fresh)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("klmnoz"), st.integers(3, 9)), min_size=4))
def test_everything_is_either_held_out_or_seen_and_fresh_is_seen(rows: list[Row]) -> None:
    rows = list({row[:2]: row for row in rows if row[:2] not in {each[:2] for each in told(OLD)}}.values())
    try:
        found = news(OLD, of(*rows), random_share(0.5), duplicates="refuse", seed=3)
    except (UpdateError, ValueError):
        return
    test, seen, fresh = told(found.parts.test), told(found.parts.seen("test")), told(found.fresh)
    assert test | seen == told(OLD) | set(rows)
    assert not test & seen
    assert fresh | test == set(rows)


def test_interactions_of_another_vocabulary_are_refused_with_counts_and_examples() -> None:
    other = of(*((f"{user}", f"p{item}", item) for user in "bc" for item in range(6)))
    with pytest.raises(
        UpdateError, match=r"6 of the 6 items .* such as 'p0', 'p1', 'p2'; its 3 are written like 'k', "
    ):
        made(new=other)
    nearly = of(*told(other), ("b", "z", 9))
    assert made(new=nearly).everything.items == 9


@pytest.mark.parametrize(("means", "kept"), [("keep_first", 1), ("keep_last", 10), ("allow", None)])
def test_what_repeats_an_old_interaction_means_what_duplicates_says(means: str, kept: int | None) -> None:
    new = of(("b", "m", 10), ("b", "z", 11), ("b", "l", 12), ("c", "k", 12))
    with pytest.raises(UpdateError, match=r"1 new interactions repeat .* user 'b' and item 'm'.*keep_first"):
        made(new=new)
    times = [
        time for user, item, time in told(made(new=new, duplicates=means).everything) if (user, item) == ("b", "m")
    ]
    assert sorted(times) == ([1, 10] if kept is None else [kept])


def test_a_week_with_nothing_to_judge_on_or_to_learn_from_is_refused() -> None:
    with pytest.raises(UpdateError, match=r"last_n\(1\) leaves nothing to learn from of 1 new interactions by 1 users"):
        made(new=of(("b", "z", 10)))
    with pytest.raises(UpdateError, match="leaves nothing to judge on of 1 new interactions by 1 users"):
        made(new=of(("d", "z", 10)))


def test_old_ids_without_interactions_keep_their_numbers() -> None:
    with_gap = OLD.in_vocabulary(items=("q", "z", "m", "k"))
    assert made(old=with_gap).everything.item_ids == ("q", "z", "m", "k", "l")
    assert np.array_equal(np.unique(made(old=with_gap).everything.item), [1, 2, 3, 4])


def test_of_each_user_as_many_old_interactions_are_learned_from_as_new_ones() -> None:
    old = of(*(("b", f"o{step}", step) for step in range(6)), *(("c", f"o{step}", step) for step in range(6)))
    new = of(("b", "o6", 10), ("b", "o7", 11), ("b", "o8", 12), ("d", "o1", 10), ("d", "o2", 11))
    found = made(old, new)
    assert told(found.parts.train.rows(found.learned)) == {
        *(("b", f"o{step}", step) for step in (4, 5)),
        ("b", "o6", 10),
        ("b", "o7", 11),
        ("d", "o1", 10),
    }


def test_new_interactions_that_are_older_than_old_ones_are_still_new() -> None:
    old = of(*(("b", f"o{step}", step) for step in range(10, 16)), ("c", "o1", 1), ("c", "o2", 2))
    found = made(old, of(("b", "o1", 1), ("b", "o2", 20), ("b", "o3", 21)))
    learned = told(found.parts.train.rows(found.learned))
    assert learned == {("b", "o1", 1), ("b", "o2", 20), ("b", "o14", 14), ("b", "o15", 15)}
