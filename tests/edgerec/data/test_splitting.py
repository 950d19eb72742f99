import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions
from edgerec.data.splitting import Holdout, Split, after, last_n, random_share, split

ANY = st.from_type(Interactions)
TEN = Interactions.from_columns(np.arange(10) % 3, np.arange(10), np.arange(10))
HOLDOUTS = st.one_of(
    st.integers(1, 3).map(last_n),
    st.floats(0.05, 0.95).map(random_share),
    st.floats(0.05, 0.95).map(after),
)


def split_or_discard(interactions: Interactions, holdout: Holdout, seed: int = 0) -> Split:
    try:
        return split(interactions, holdout, seed=seed)
    except DataError:
        assume(False)
        raise


@settings(deadline=None, max_examples=50)
@given(ANY, HOLDOUTS, st.integers(0, 5))
def test_every_row_lies_in_exactly_one_part(interactions: Interactions, holdout: Holdout, seed: int) -> None:
    parts = split_or_discard(interactions, holdout, seed)
    assert len(parts.train) + len(parts.validation) + len(parts.test) == len(interactions)
    assert parts.seen("test").joined(parts.test).digest() == interactions.digest()
    again = split(interactions, holdout, seed=seed)
    for name in ("train", "validation", "test"):
        assert getattr(again, name).digest() == getattr(parts, name).digest()


@settings(deadline=None, max_examples=50)
@given(ANY, st.integers(1, 3))
def test_last_n_takes_the_end_of_every_long_enough_user(interactions: Interactions, n: int) -> None:
    parts = split_or_discard(interactions, last_n(n))
    for user in range(interactions.users):
        train, validation, test = (each.time[each.user == user] for each in (parts.train, parts.validation, parts.test))
        rows = len(train) + len(validation) + len(test)
        assert len(test) == (n if rows > n else 0)
        assert len(validation) == (n if rows - len(test) > n else 0)
        assert len(train) > 0
        assert np.array_equal(np.concatenate([train, validation, test]), interactions.time[interactions.user == user])


@settings(deadline=None, max_examples=50)
@given(ANY, st.floats(0.05, 0.95))
def test_random_share_takes_the_rounded_share_of_every_user(interactions: Interactions, share: float) -> None:
    parts = split_or_discard(interactions, random_share(share))
    for user in range(interactions.users):
        rows = int((interactions.user == user).sum())
        assert (parts.test.user == user).sum() == min(np.floor(share * rows + 0.5), rows - 1)
        assert (parts.train.user == user).any()


@settings(deadline=None, max_examples=50)
@given(ANY, st.floats(0.05, 0.95))
@example(TEN, 0.8)  # (1 - 0.8) * 10 is less than 2
def test_after_puts_nothing_later_before(interactions: Interactions, share: float) -> None:
    parts = split_or_discard(interactions, after(share))
    assert parts.seen("test").time.max() < parts.test.time.min()
    assert len(interactions) - len(parts.test) >= share * len(interactions)
    if len(parts.validation):
        assert parts.train.time.max() < parts.validation.time.min()


def test_a_random_share_depends_on_the_seed_and_takes_every_row_equally_often() -> None:
    interactions = Interactions.from_columns(
        np.repeat(np.arange(200), 10), np.tile(np.arange(10), 200), np.arange(2000)
    )
    first, second = (split(interactions, random_share(0.3), seed=seed) for seed in (1, 2))
    assert first.test.digest() != second.test.digest()
    # 600 of 2,000 rows over 10 items: 60 each, standard deviation 6.5 without replacement
    assert np.abs(first.test.popularity() - 60).max() < 5 * 6.5


def test_names_tell_the_holdout() -> None:
    interactions = Interactions.from_columns([1, 1, 1], [1, 2, 3], [1, 2, 3])
    assert split(interactions, last_n(1), seed=3).holdout == "last_n(1)"
    assert random_share(0.2).name == "random_share(0.2)"
    assert after(0.8).name == "after(0.8)"


def test_what_cannot_be_split_is_refused() -> None:
    interactions = Interactions.from_columns([1, 2], [1, 2], [1, 1])
    for holdout in (last_n(1), random_share(0.2), after(0.5)):
        with pytest.raises(DataError, match="no interactions to test on, of 2 by 2 users"):
            split(interactions, holdout, seed=0)
    for make in (random_share, after):
        with pytest.raises(DataError, match="between 0 and 1, not 1"):
            make(1)
    with pytest.raises(DataError, match="at least 1 interaction a user, not 0"):
        last_n(0)
