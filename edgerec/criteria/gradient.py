"""Gradient: weights whose loss the training data would miss least go first, to first order or by Fisher information."""

from dataclasses import dataclass, field

import numpy as np

from edgerec.criteria.criterion import COLUMN, ELEMENT, GRAINS, Saliency, Weights
from edgerec.criteria.statistics import Statistics, given


@dataclass(frozen=True)
class FirstOrder:
    """|g w|, and |sum of g w| over a row or column: how the loss changes, to first order, once it is zero.

    g is the gradient's mean over the training data. Source: Molchanov et al. 2017, 1611.06440.
    """

    name: str = field(default="gradient", init=False)
    needs: tuple[str, ...] = field(default=("gradients",), init=False)
    grains: tuple[str, ...] = field(default=GRAINS, init=False)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Absolute first-order change of the loss."""
        change = given(statistics.gradients).mean * weights.astype(np.float64)
        found: Saliency = np.abs(change if grain == ELEMENT else change.sum(axis=0 if grain == COLUMN else 1))
        return found


@dataclass(frozen=True)
class Fisher:
    """E[g^2] w^2 / 2, and its sum over a row or column: how the loss changes, to second order, at its minimum.

    The mean square of the gradient stands for the diagonal of the Hessian. Sources: Theis et al. 2018, 1801.05787;
    Molchanov et al. 2019, 1906.10771.
    """

    name: str = field(default="fisher", init=False)
    needs: tuple[str, ...] = field(default=("gradients",), init=False)
    grains: tuple[str, ...] = field(default=GRAINS, init=False)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Second-order change of the loss with the diagonal of the Fisher information."""
        change = given(statistics.gradients).mean_square * np.square(weights.astype(np.float64)) / 2
        found: Saliency = change if grain == ELEMENT else change.sum(axis=0 if grain == COLUMN else 1)
        return found
