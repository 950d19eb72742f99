"""Random: any order, the line that every other criterion has to beat."""

from dataclasses import dataclass, field

import numpy as np

from edgerec.criteria.criterion import COLUMN, ELEMENT, GRAINS, Saliency, Weights
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.statistics import Statistics


@dataclass(frozen=True)
class Random:
    """Uniform in [0, 1) by PCG64 from the seed: the same for kernels of the same shape."""

    seed: int = 0
    name: str = field(default="random", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    grains: tuple[str, ...] = field(default=GRAINS, init=False)

    def __post_init__(self) -> None:
        refuse_seed(self.seed)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Independent uniform numbers."""
        del statistics
        shape = weights.shape if grain == ELEMENT else weights.shape[1:] if grain == COLUMN else weights.shape[:1]
        return np.random.default_rng(self.seed).random(shape)


def refuse_seed(seed: object) -> None:
    """Raise CriterionError for a seed that is no whole number from 0 on."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise CriterionError(f"seed is {seed!r}, expected a whole number of at least 0")
