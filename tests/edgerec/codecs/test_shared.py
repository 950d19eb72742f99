import numpy as np
import pytest

from edgerec.codecs.errors import CodecError
from edgerec.codecs.shared import Shared
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.statistics import Statistics, Taken

ROWS = 60
POPULARITY = np.random.default_rng(6).permutation(ROWS) + 1
TABLE = np.random.default_rng(7).normal(size=(ROWS, 4)).astype(np.float32)


def different(table: np.ndarray) -> int:
    return len(np.unique(table.round(3), axis=0))


@pytest.mark.parametrize("by", ["cluster", "hash"])
def test_popular_rows_keep_their_own_and_the_others_share_common_ones(by: str) -> None:
    coded = Shared(own=0.25, common=0.1, by=by).encode(TABLE, Statistics(popularity=POPULARITY), seed=0)
    decoded, popular = coded.decode(), np.argsort(-POPULARITY)[:15]
    assert np.allclose(decoded[popular], TABLE[popular], atol=2e-3)
    assert different(np.delete(decoded, popular, axis=0)) == 6


def test_hashing_spreads_the_others_evenly() -> None:
    coded = Shared(own=0.5, common=0.1, by="hash").encode(TABLE, Statistics(popularity=POPULARITY), seed=0)
    assert sorted(np.bincount(coded.index)[30:]) == [5] * 6


def test_a_shared_row_is_the_mean_by_popularity() -> None:
    coded = Shared(own=0.5, common=0.01, by="hash").encode(TABLE, Statistics(popularity=POPULARITY), seed=0)
    others = np.argsort(-POPULARITY)[30:]
    expected = np.average(TABLE[others], axis=0, weights=POPULARITY[others])
    assert np.allclose(coded.decode()[others], expected, atol=2e-3)


def test_a_twin_is_who_the_same_users_took() -> None:
    # Rows 0 to 9 are popular; row 10 + i was taken by the users of row i, and by nobody else.
    rows = np.concatenate([np.repeat(np.arange(10), 3), np.arange(10, 20)])
    partners = np.concatenate([np.arange(30), np.arange(0, 30, 3)])
    statistics = Statistics(popularity=np.bincount(rows), taken=Taken(rows, partners))
    decoded = Shared(own=0.5, by="twins").encode(TABLE[:20], statistics, seed=0).decode()
    assert np.array_equal(decoded[10:], decoded[:10])


@pytest.mark.parametrize("criterion", ["magnitude", "random"])
def test_a_criterion_that_needs_no_data_ranks_rows(criterion: str) -> None:
    codec = Shared(own=0.25, common=0.1, criterion=criterion)
    assert codec.needs == ()
    assert different(codec.encode(TABLE, Statistics(), seed=0).decode()) == 15 + 6


def test_what_the_criterion_needs_is_asked_for() -> None:
    assert Shared(criterion="co_occurrence").needs == ("taken",)
    assert Shared(by="twins").needs == ("popularity", "taken")
    with pytest.raises(CriterionError, match="popularity"):
        Shared().encode(TABLE, Statistics(), seed=0)


def test_a_criterion_that_ranks_no_rows_is_refused() -> None:
    with pytest.raises(CriterionError, match="mutual_information cannot rank by row"):
        Shared(criterion="mutual_information").encode(TABLE, Statistics(), seed=0)


@pytest.mark.parametrize("own", [0.0, 1.0, -1.0])
def test_a_share_that_leaves_nothing_to_share_is_refused(own: float) -> None:
    with pytest.raises(CodecError, match="own is"):
        Shared(own=own)
