import numpy as np
import pytest

from edgerec.criteria.criterion import saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.popularity import Popularity
from edgerec.criteria.statistics import Statistics


def test_rows_are_ranked_by_their_interactions() -> None:
    counts = np.array([3, 0, 7], np.int32)
    assert saliency(Popularity(), np.ones((3, 2)), Statistics(popularity=counts), "row").tolist() == [3, 0, 7]


def test_it_ranks_no_single_weight() -> None:
    with pytest.raises(CriterionError, match="popularity cannot rank by element, it ranks by row"):
        saliency(Popularity(), np.ones((3, 2)), Statistics(), "element")
