import numpy as np
import pytest

from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers
from edgerec.codecs.errors import CodecError
from edgerec.codecs.floats import Float16
from edgerec.codecs.integers import Integers
from edgerec.codecs.tiered import Tier, Tiered
from edgerec.criteria.statistics import Statistics

CODEC = Tiered((Tier(0.25, Float16()), Tier(1.0, Integers(4))))
TABLE = np.random.default_rng(4).normal(size=(40, 8)).astype(np.float32)


def test_the_most_popular_rows_are_stored_in_the_first_tier_wherever_they_stand() -> None:
    popularity = np.random.default_rng(5).permutation(40)
    coded = CODEC.encode(TABLE, Statistics(popularity=popularity), seed=0)
    assert isinstance(coded, SharedRows)
    exact = np.abs(coded.decode() - TABLE).max(axis=1) < 2e-3
    assert set(np.flatnonzero(exact)) == set(np.argsort(-popularity)[:10])


def test_rows_that_go_by_popularity_take_no_index() -> None:
    coded = CODEC.encode(TABLE, Statistics(popularity=np.arange(40)[::-1].copy()), seed=0)
    assert isinstance(coded, Tiers)
    assert [part.rows for part in coded.parts] == [10, 30]


def test_rows_of_one_popularity_stay_in_their_order() -> None:
    assert isinstance(CODEC.encode(TABLE, Statistics(popularity=np.ones(40, int)), seed=0), Tiers)


def test_a_tier_of_no_rows_is_left_out() -> None:
    codec = Tiered((Tier(0.001, Float16()), Tier(1.0, Integers(4))))
    assert codec.encode(TABLE, Statistics(popularity=np.ones(40, int)), seed=0).rows == 40


@pytest.mark.parametrize("tops", [(), (0.5,), (0.5, 0.2, 1.0), (0.0, 1.0)])
def test_tiers_that_do_not_end_with_the_rest_are_refused(tops: tuple[float, ...]) -> None:
    with pytest.raises(CodecError, match="expected rising shares above 0 of which the last is 1"):
        Tiered(tuple(Tier(top, Float16()) for top in tops))
