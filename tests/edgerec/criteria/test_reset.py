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


def settled(criterion: Reset, count: int) -> np.ndarray:
    mask = keep({"it": saliency(criterion, TRAINED, KNOWN, "element")}, count=count)["it"]
    return criterion.settled(TRAINED, mask, INITIAL)


def test_a_lottery_ticket_keeps_the_largest_and_rewinds_them() -> None:
    assert np.array_equal(settled(Reset(), 2), np.array([[0, 0], [0.5, -1]], np.float32))


def test_what_moved_least_goes_back_to_its_initial_value_and_the_rest_stays() -> None:
    assert np.array_equal(settled(Reset("initial"), 3), np.array([[1, 0.2], [2.5, -3]], np.float32))
    assert settled(Reset("initial"), 3).dtype == np.float32


def test_groups_by_the_norm_of_the_move() -> None:
    moved = TRAINED - INITIAL
    assert np.allclose(saliency(Reset("initial"), TRAINED, KNOWN, "row"), np.linalg.norm(moved, axis=1))
    assert np.allclose(saliency(Reset("initial"), TRAINED, KNOWN, "column"), np.linalg.norm(moved, axis=0))
    assert np.allclose(saliency(Reset(), TRAINED, KNOWN, "column"), np.linalg.norm(TRAINED, axis=0))


def test_initial_weights_are_needed() -> None:
    with pytest.raises(CriterionError, match="criterion reset needs initial, got no statistics"):
        saliency(Reset(), TRAINED, Statistics(), "element")


def test_another_place_to_go_to_is_refused() -> None:
    with pytest.raises(CriterionError, match="reset goes to 'start', expected 'zero' or 'initial'"):
        Reset("start")
