"""Magnitude: small weights go first; per tensor, per row or global is how the selection ranks them."""

from dataclasses import dataclass, field

import numpy as np

from edgerec.criteria.criterion import COLUMN, ELEMENT, GRAINS, Saliency, Weights
from edgerec.criteria.statistics import Statistics


@dataclass(frozen=True)
class Magnitude:
    """|w| of an element; sqrt(sum w^2) of a row or column.

    Sources: Han et al. 2015, Learning both Weights and Connections, 1506.02626, for elements; Wen et al. 2016,
    1608.03665, for the norms of groups.
    """

    name: str = field(default="magnitude", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    grains: tuple[str, ...] = field(default=GRAINS, init=False)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Absolute values, or Euclidean norms."""
        del statistics
        wide = weights.astype(np.float64)
        if grain == ELEMENT:
            return np.abs(wide)
        norms: Saliency = np.linalg.norm(wide, axis=0 if grain == COLUMN else 1)
        return norms
