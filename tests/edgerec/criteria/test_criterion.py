from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from edgerec.criteria.criterion import GRAINS, saliency
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.gradient import Fisher
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.mutual_information import MutualInformation
from edgerec.criteria.statistics import Gradients, Statistics

KERNEL = np.ones((3, 2), np.float32)


@dataclass(frozen=True)
class Wrong:
    """A third party's criterion that answers with `found`."""

    found: Any
    name: str = "wrong"
    needs: tuple[str, ...] = ()
    grains: tuple[str, ...] = GRAINS

    def score(self, weights: np.ndarray, statistics: Statistics, grain: str) -> np.ndarray:
        del weights, statistics, grain
        return np.asarray(self.found)


def test_what_a_criterion_needs_is_asked_for_by_name() -> None:
    with pytest.raises(CriterionError, match="mutual_information needs vectors and labelled, got popularity"):
        saliency(MutualInformation(), KERNEL, Statistics(popularity=np.ones(3)), "column")


@pytest.mark.parametrize("found", [np.ones(3), np.full((3, 2), np.nan), np.ones((2, 3))])
def test_an_answer_that_is_no_saliency_is_refused(found: np.ndarray) -> None:
    with pytest.raises(CriterionError, match="criterion wrong gave saliencies"):
        saliency(Wrong(found), KERNEL, Statistics(), "element")


@pytest.mark.parametrize(
    ("weights", "told"),
    [(np.ones(3), "have shape"), (np.ones((0, 2)), "have shape"), (np.array([[1, np.nan]]), "hold 1 values")],
)
def test_weights_that_are_no_finite_matrix_are_refused(weights: np.ndarray, told: str) -> None:
    with pytest.raises(CriterionError, match=f"weights {told}"):
        saliency(Magnitude(), weights, Statistics(), "element")


@pytest.mark.parametrize(
    ("statistics", "told"),
    [
        (Statistics(popularity=np.ones(2)), r"popularity has shape \[2\], expected \[3\]"),
        (Statistics(vectors=np.ones((9, 3))), r"vectors has shape \[9, 3\], expected \[vectors, 2\]"),
        (Statistics(second_moment=np.ones(2)), r"second_moment has shape \[2\], expected \[2, 2\]"),
        (Statistics(gradients=Gradients(KERNEL, KERNEL.T)), r"gradients.mean_square has shape \[2, 3\]"),
    ],
)
def test_statistics_of_another_kernel_are_refused(statistics: Statistics, told: str) -> None:
    with pytest.raises(CriterionError, match=told):
        saliency(Magnitude(), KERNEL, statistics, "element")


def test_statistics_of_this_kernel_are_taken() -> None:
    fits = Statistics(
        popularity=np.ones(3),
        second_moment=np.eye(2),
        gradients=Gradients(KERNEL, KERNEL),
        vectors=np.ones((9, 2)),
        initial=KERNEL,
    )
    assert np.array_equal(saliency(Fisher(), KERNEL, fits, "element"), KERNEL / 2)
