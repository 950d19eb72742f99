import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgerec.data.candidates import sample_candidates
from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions
from edgerec.data.popularity import halves, thirds
from edgerec.data.splitting import last_n, random_share, split

ANY = st.from_type(Interactions)


@settings(deadline=None)
@given(
    ANY,
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(["thirds", "halves"]),
    st.sampled_from(["validation", "test"]),
)
def test_negatives_are_distinct_and_never_taken(
    interactions: Interactions, n: int, same: bool, segments: str, part: str
) -> None:
    try:
        parts = split(interactions, random_share(0.4), seed=0)
        lists = sample_candidates(parts, n, seed=1, same_segment=same, segments=segments, part=part)  # type: ignore[arg-type]
    except DataError:
        assume(False)
    held_out = parts.held_out(part)  # type: ignore[arg-type]
    assert lists.items.shape == (len(held_out), 1 + n)
    assert np.array_equal(lists.items[:, 0], held_out.item)
    assert np.array_equal(lists.users, held_out.user)
    cut = (thirds if segments == "thirds" else halves)(parts.train.popularity())
    for user, row in zip(lists.users, lists.items, strict=True):
        taken = set(interactions.item[interactions.user == user].tolist())
        negatives = set(row[1:].tolist())
        assert len(negatives) == n
        assert not negatives & taken
        if same:  # the positive's own segment is used up before another gives one
            own = set(np.flatnonzero(cut == cut[row[0]]).tolist()) - taken
            assert len(negatives & own) == min(n, len(own))


def popular_and_rare() -> Interactions:
    """20 users who took 2 of items 0 to 9 each, and 2 of items 10 to 39."""
    generator = np.random.default_rng(0)
    item = np.concatenate(
        [[*generator.choice(10, 2, replace=False), *generator.choice(30, 2, replace=False) + 10] for _ in range(20)]
    )
    return Interactions.from_columns(np.repeat(np.arange(20), 4), item, generator.integers(0, 99, 80))


def test_lists_depend_on_nothing_but_the_seed() -> None:
    parts = split(popular_and_rare(), last_n(1), seed=0)
    first, again, other = (sample_candidates(parts, 5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.items, again.items)
    assert not np.array_equal(first.items, other.items)


def test_lists_of_one_segment_can_be_taken_alone() -> None:
    lists = sample_candidates(split(popular_and_rare(), last_n(1), seed=0), 5, seed=0, segments="halves")
    unpopular = lists.of("unpopular")
    assert 0 < len(unpopular.users) < len(lists.users)
    assert (unpopular.segment == 1).all()
    assert len(lists.of("popular").users) + len(unpopular.users) == len(lists.users)


def test_every_item_left_is_drawn_equally_often() -> None:
    user, item = np.repeat(np.arange(3000), 2), np.tile([0, 1], 3000)
    user, item = np.append(user, [3000, 3000, *range(3000, 3010)]), np.append(item, [0, 1, *range(2, 12)])
    interactions = Interactions.from_columns(user, item, np.arange(len(user)))
    lists = sample_candidates(split(interactions, last_n(1), seed=0), 1, seed=0, same_segment=False)
    drawn = np.bincount(lists.items[lists.users < 3000, 1], minlength=12)[2:]
    assert np.abs(drawn - 300).max() < 5 * np.sqrt(270)


def test_more_negatives_than_items_are_refused() -> None:
    parts = split(popular_and_rare(), last_n(1), seed=0)
    with pytest.raises(DataError, match="items never taken, too few for 99 negatives: take a smaller n"):
        sample_candidates(parts, seed=0)
    with pytest.raises(DataError, match="at least 1 negative, not 0"):
        sample_candidates(parts, 0, seed=0)
