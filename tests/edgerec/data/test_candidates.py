import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from device_tests.popularity import halves
from device_tests.ragged import Ragged
from edgerec.data.candidates import sample_candidates
from edgerec.data.errors import DataError


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sets(st.integers(0, 11), max_size=3), st.sets(st.integers(0, 11), max_size=2)), max_size=5),
    st.lists(st.integers(0, 5), min_size=12, max_size=12),
    st.integers(1, 3),
)
def test_negatives_are_distinct_of_the_items_own_half_and_never_taken(
    users: list[tuple[set[int], set[int]]], popularity: list[int], n: int
) -> None:
    relevant = Ragged.from_lists([sorted(held_out) for _, held_out in users])
    taken = Ragged.from_lists([sorted(seen | held_out) for seen, held_out in users])
    counts = np.array(popularity, np.int32)
    half = halves(counts)
    try:
        negatives = sample_candidates(relevant, taken, counts, n, seed=1)
    except DataError:
        left = [
            (half == half[item]).sum() - (half[taken[row]] == half[item]).sum()
            for row, item in zip(relevant.rows, relevant.values, strict=True)
        ]
        assert min(left) < n
        assume(False)
    assert negatives.shape == (len(relevant.values), n)
    assert negatives.dtype == np.int32
    for row, item, drawn in zip(relevant.rows, relevant.values, negatives.tolist(), strict=True):
        assert len(set(drawn)) == n
        assert not set(drawn) & set(taken[row].tolist())
        assert (half[drawn] == half[item]).all()


def many(users: int) -> tuple[Ragged, Ragged, np.ndarray]:
    """One held-out item 0 for each of some users of 24 items, who have taken items 0 and 1; half are 0 to 11."""
    return (
        Ragged.from_lists([np.array([0], np.int32)] * users),
        Ragged.from_lists([np.array([0, 1], np.int32)] * users),
        np.arange(24, 0, -1).astype(np.int32),
    )


def test_negatives_depend_on_nothing_but_the_seed() -> None:
    first, again, other = (sample_candidates(*many(20), 5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("cells", [1 << 22, 100])
def test_every_item_left_is_drawn_equally_often(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgerec.data.candidates.CELLS_AT_ONCE", cells)
    drawn = np.bincount(sample_candidates(*many(3000), 1, seed=0).ravel(), minlength=24)
    assert np.abs(drawn[2:12] - 300).max() < 5 * np.sqrt(270)
    assert drawn.sum() == drawn[2:12].sum() == 3000


def test_more_negatives_than_items_of_the_half_are_refused() -> None:
    assert sample_candidates(*many(2), 10, seed=0).shape == (2, 10)
    with pytest.raises(DataError, match=r"only 10 items never taken .*, too few for 11 candidates: take fewer"):
        sample_candidates(*many(2), 11, seed=0)
    with pytest.raises(DataError, match="at least 1 negative, not 0"):
        sample_candidates(*many(2), 0, seed=0)
