"""Random: any order, the line that every other criterion has to beat."""

from dataclasses import dataclass

import numpy as np

from edgerec.criteria.criterion import COLUMN, ELEMENT, GRAINS, Saliency, Weights
from edgerec.criteria.statistics import Statistics


@dataclass(frozen=True)
class Random:
    """Uniform in [0, 1) by PCG64 from the seed: the same for kernels of the same shape."""

    seed: int = 0
    name: str = "random"
    needs: tuple[str, ...] = ()
    grains: tuple[str, ...] = GRAINS

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Independent uniform numbers."""
        del statistics
        shape = weights.shape if grain == ELEMENT else weights.shape[1:] if grain == COLUMN else weights.shape[:1]
        return np.random.default_rng(self.seed).random(shape)
