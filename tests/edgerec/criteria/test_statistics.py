import numpy as np
import pytest

from edgerec.criteria.errors import CriterionError
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.statistics import Statistics, Taken, given, labelled


def test_half_of_the_pairs_were_taken_and_half_were_not() -> None:
    random = np.random.default_rng(1)
    taken = Taken(random.integers(50, size=400), random.integers(20, size=400))
    known = set(zip(taken.partners.tolist(), taken.rows.tolist(), strict=True))
    one, again, other = (labelled(taken, 50, 20, pairs=1001, seed=seed) for seed in (1, 1, 2))
    for vector, row, label in zip(one.vectors, one.rows, one.labels, strict=True):
        assert ((int(vector), int(row)) in known) == bool(label)
    assert one.labels.sum() == 501
    assert np.array_equal(one.rows, again.rows)
    assert not np.array_equal(one.rows, other.rows)


def test_a_vector_that_took_everything_does_not_hang_it() -> None:
    taken = Taken(np.arange(3), np.zeros(3, np.int64))
    assert len(labelled(taken, 3, 1, pairs=10, seed=0).labels) == 10


def test_a_statistic_that_nobody_gave_is_refused() -> None:
    with pytest.raises(CriterionError, match="asked without statistics that it needs"):
        given(Statistics().popularity)
    assert given(Magnitude()) == Magnitude()
