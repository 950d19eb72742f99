import numpy as np

from edgerec.criteria.criterion import saliency
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.statistics import Statistics

KERNEL = np.array([[3.0, 0.0, -1.0], [-4.0, 2.0, 0.0]], np.float32)


def test_elements_by_absolute_value_groups_by_norm() -> None:
    by = {grain: saliency(Magnitude(), KERNEL, Statistics(), grain) for grain in ("element", "row", "column")}
    assert np.array_equal(by["element"], np.abs(KERNEL))
    assert np.allclose(by["row"], np.sqrt([10, 20]))
    assert np.allclose(by["column"], [5, 2, 1])
