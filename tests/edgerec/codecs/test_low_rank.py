import numpy as np
import pytest

from edgerec.codecs.errors import CodecError
from edgerec.codecs.low_rank import LowRank
from edgerec.criteria.statistics import Statistics


def test_a_table_of_that_rank_is_decoded_as_it_was() -> None:
    random = np.random.default_rng(1)
    table = (random.normal(size=(50, 3)) @ random.normal(size=(3, 8))).astype(np.float32)
    assert np.allclose(LowRank(3).encode(table, Statistics(), seed=0).decode(), table, atol=2e-2)


def test_the_axes_are_those_in_which_scores_vary() -> None:
    table = np.random.default_rng(2).normal(size=(50, 2)).astype(np.float32)
    moment = np.diag([1.0, 10_000.0])  # vectors that multiply the second column by far more
    decoded = LowRank(1).encode(table, Statistics(second_moment=moment), seed=0).decode()
    assert np.allclose(decoded[:, 1], table[:, 1], atol=2e-2)
    assert np.abs(decoded[:, 0]).max() < 0.2


@pytest.mark.parametrize("rank", [0, 8])
def test_a_rank_that_saves_nothing_is_refused(rank: int) -> None:
    with pytest.raises(CodecError, match="rank"):
        LowRank(rank).encode(np.ones((50, 8), np.float32), Statistics(), seed=0)
