import numpy as np

from edgerec.criteria.criterion import saliency
from edgerec.criteria.gradient import FirstOrder, Fisher
from edgerec.criteria.statistics import Gradients, Statistics

WEIGHTS = np.array([[1.0, 2.0], [-3.0, 0.5]])
MEAN = np.array([[0.5, -1.0], [0.5, 2.0]])
KNOWN = Statistics(gradients=Gradients(MEAN, MEAN**2 + 1))


def test_first_order_is_the_change_of_a_linear_loss_when_an_element_or_a_group_is_zeroed() -> None:
    def loss(weights: np.ndarray) -> float:
        return float((MEAN * weights).sum())

    expected = {
        "element": [[loss(np.where(np.eye(1, 4, at).reshape(2, 2), 0, WEIGHTS)) for at in (0, 1)] for _ in (0,)],
        "row": [loss(WEIGHTS * [[0], [1]]), loss(WEIGHTS * [[1], [0]])],
        "column": [loss(WEIGHTS * [0, 1]), loss(WEIGHTS * [1, 0])],
    }
    found = {grain: saliency(FirstOrder(), WEIGHTS, KNOWN, grain) for grain in expected}
    assert np.allclose(found["element"][:1], np.abs(loss(WEIGHTS) - np.array(expected["element"])))
    assert np.allclose(found["row"], np.abs(loss(WEIGHTS) - np.array(expected["row"])))
    assert np.allclose(found["column"], np.abs(loss(WEIGHTS) - np.array(expected["column"])))


def test_fisher_is_half_the_mean_squared_gradient_times_the_squared_weight() -> None:
    element = saliency(Fisher(), WEIGHTS, KNOWN, "element")
    assert np.allclose(element, [[0.625, 4], [5.625, 0.625]])
    assert np.allclose(saliency(Fisher(), WEIGHTS, KNOWN, "row"), element.sum(axis=1))
    assert np.allclose(saliency(Fisher(), WEIGHTS, KNOWN, "column"), element.sum(axis=0))
