import numpy as np
import pytest

from edgerec.criteria.criterion import saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.reset import Reset
from edgerec.criteria.selection import keep
from edgerec.criteria.statistics import Statistics

INITIAL = np.array([[1.0, 2.0], [0.5, -1.0]], np.float32)
TRAINED = np.array([[1.1, 0.2], [2.5, -3.0]], np.float32)
KNOWN = Statistics(initial=INITIAL)


def test_the_trained_weights_that_are_farthest_from_zero_stay_wherever_they_began() -> None:
    for criterion, statistics in ((Reset(), Statistics()), (Reset("initial"), KNOWN)):
        kept = keep({"it": saliency(criterion, TRAINED, statistics, "element")}, count=2)["it"]
        assert kept.tolist() == [[False, False], [True, True]]


def test_only_a_lottery_ticket_rewinds() -> None:
    assert (Reset().rewinds, Reset("initial").rewinds) == (False, True)


@pytest.mark.parametrize("criterion", [Reset(), Reset("initial")], ids=lambda one: one.to)
def test_groups_by_their_norm(criterion: Reset) -> None:
    assert np.allclose(saliency(criterion, TRAINED, KNOWN, "row"), np.linalg.norm(TRAINED, axis=1))
    assert np.allclose(saliency(criterion, TRAINED, KNOWN, "column"), np.linalg.norm(TRAINED, axis=0))


def test_initial_weights_are_needed_to_go_back_to() -> None:
    with pytest.raises(CriterionError, match="criterion reset needs initial, got no statistics"):
        saliency(Reset("initial"), TRAINED, Statistics(), "element")


def test_another_place_to_go_to_is_refused() -> None:
    with pytest.raises(CriterionError, match="reset goes to 'start', expected 'zero' or 'initial'"):
        Reset("start")
