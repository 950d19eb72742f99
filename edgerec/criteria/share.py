"""Share: of what another criterion ranks lowest a random part goes, so that near-ties do not decide."""

from dataclasses import dataclass, field

import numpy as np

from edgerec.criteria.criterion import Criterion, Saliency, Weights
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.random_order import refuse_seed
from edgerec.criteria.statistics import Statistics


@dataclass(frozen=True)
class Share:
    """Random within the lowest `lowest` (a share) by another criterion, and that criterion's ranks above them.

    With n things, r their rank by `by` (0 the lowest, ties by lower index the higher) and u uniform in [0, 1) from
    the seed: u where r < round(lowest n), else 1 + r / n.
    """

    by: Criterion = field(default_factory=Magnitude)
    lowest: float = 0.5
    seed: int = 0
    name: str = field(default="share", init=False)

    def __post_init__(self) -> None:
        if not 0 < self.lowest <= 1:
            raise CriterionError(f"lowest is {self.lowest:g}, expected a share above 0 and at most 1")
        refuse_seed(self.seed)

    @property
    def needs(self) -> tuple[str, ...]:
        """What the other criterion needs."""
        return self.by.needs

    @property
    def grains(self) -> tuple[str, ...]:
        """What the other criterion ranks."""
        return self.by.grains

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Random numbers below 1 for the lowest, 1 and more for the others."""
        other = self.by.score(weights, statistics, grain)
        flat = other.reshape(-1)
        places = np.arange(len(flat))
        ranks = np.empty(len(flat), np.int64)
        ranks[np.lexsort((-places, flat))] = places
        drawn = np.random.default_rng(self.seed).random(len(flat))
        low = ranks < round(self.lowest * len(flat))
        return np.where(low, drawn, 1 + ranks / len(flat)).reshape(other.shape)
