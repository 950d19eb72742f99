"""Reset: what is pruned goes back to zero or to its value before training, and so may what is kept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgerec.criteria.criterion import COLUMN, ELEMENT, GRAINS, Saliency, Weights
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.statistics import Statistics, Values, given

ZERO, INITIAL = "zero", "initial"


@dataclass(frozen=True)
class Reset:
    """The weights that a reset moves least go first: |w - z|, its norm over a row or column.

    to = "zero": z = 0, and what is kept is rewound to its initial value to be trained again: a lottery ticket (Frankle
    and Carbin 2019, 1803.03635). to = "initial": z is the initial value, and what is kept stays as it was trained
    (Zhou et al. 2019, Deconstructing Lottery Tickets, 1905.01067, criterion "movement").
    """

    to: str = ZERO
    name: str = "reset"
    needs: tuple[str, ...] = ("initial",)
    grains: tuple[str, ...] = GRAINS

    def __post_init__(self) -> None:
        if self.to not in {ZERO, INITIAL}:
            raise CriterionError(f"reset goes to {self.to!r}, expected {ZERO!r} or {INITIAL!r}")

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """How far a reset would move an element, or a row or column as a whole."""
        moved = weights.astype(np.float64)
        if self.to == INITIAL:
            moved -= given(statistics.initial)
        if grain == ELEMENT:
            return np.abs(moved)
        norms: Saliency = np.linalg.norm(moved, axis=0 if grain == COLUMN else 1)
        return norms

    def settled(self, weights: Weights, kept: NDArray[np.bool_], initial: Values) -> Weights:
        """The weights [rows, columns] once what is not in `kept` [rows, columns] was reset, in the type given."""
        if self.to == ZERO:
            return np.where(kept, initial, 0).astype(weights.dtype)
        return np.where(kept, weights, initial).astype(weights.dtype)
