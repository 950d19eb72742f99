"""Popularity: rows that fewest interactions are about go first."""

from dataclasses import dataclass, field

import numpy as np

from edgerec.criteria.criterion import ROW, Saliency, Weights
from edgerec.criteria.statistics import Statistics, given


@dataclass(frozen=True)
class Popularity:
    """The number of training interactions of the row's item or user.

    Source: mixed dimensions by popularity, Ginart et al. 2019, 1909.11810, with a row of its own or none.
    """

    name: str = field(default="popularity", init=False)
    needs: tuple[str, ...] = field(default=("popularity",), init=False)
    grains: tuple[str, ...] = field(default=(ROW,), init=False)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """The counts."""
        del weights, grain
        counts: Saliency = given(statistics.popularity).astype(np.float64)
        return counts
