import numpy as np
import pytest

from edgerec.criteria.criterion import saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.popularity import Popularity
from edgerec.criteria.selection import kept_indices
from edgerec.criteria.share import Share
from edgerec.criteria.statistics import Statistics

KERNEL = np.zeros((100, 1), np.float32)
COUNTS = Statistics(popularity=np.random.default_rng(0).permutation(100))


def kept(share: Share, count: int) -> set[int]:
    return set(kept_indices(saliency(share, KERNEL, COUNTS, "row"), count=count).tolist())


def test_what_goes_is_a_random_part_of_the_lowest_and_the_others_stay() -> None:
    high = set(np.flatnonzero(COUNTS.popularity >= 40).tolist())
    one, again, other = (kept(Share(Popularity(), 0.4, seed), 80) for seed in (1, 1, 2))
    assert high < one
    assert high < other
    assert one == again
    assert one != other
    assert kept(Share(Popularity(), 0.4), 60) == high


def test_beyond_the_lowest_the_other_criterion_decides() -> None:
    assert kept(Share(Popularity(), 0.4), 10) == set(np.flatnonzero(COUNTS.popularity >= 90).tolist())


def test_equal_ones_go_by_index() -> None:
    equal = Statistics(popularity=np.ones(4, np.int64))
    found = saliency(Share(Popularity(), 0.5), KERNEL[:4], equal, "row")
    assert set(kept_indices(found, count=2)) == {0, 1}


def test_it_needs_and_ranks_what_the_other_does() -> None:
    assert Share(Popularity()).needs == ("popularity",)
    with pytest.raises(CriterionError, match="share cannot rank by column, it ranks by row"):
        saliency(Share(Popularity()), KERNEL, COUNTS, "column")


@pytest.mark.parametrize("lowest", [0, 1.1])
def test_no_share_is_refused(lowest: float) -> None:
    with pytest.raises(CriterionError, match="lowest is"):
        Share(lowest=lowest)
