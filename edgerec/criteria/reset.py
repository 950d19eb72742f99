"""Reset: what is pruned goes to zero, and what is kept stays as it was trained or goes back to where training began."""

from dataclasses import dataclass, field

from edgerec.criteria.criterion import GRAINS, Saliency, Weights
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.magnitude import Magnitude
from edgerec.criteria.statistics import Statistics

ZERO, INITIAL = "zero", "initial"


@dataclass(frozen=True)
class Reset:
    """|w|, its norm over a row or column: what a reset to zero moves least goes first.

    to = "zero": what is kept stays as it was trained. to = "initial": what is kept is rewound to its value before
    training, to be trained again: a lottery ticket (Frankle and Carbin 2019, 1803.03635).
    """

    to: str = ZERO
    name: str = field(default="reset", init=False)
    grains: tuple[str, ...] = field(default=GRAINS, init=False)

    def __post_init__(self) -> None:
        if self.to not in {ZERO, INITIAL}:
            raise CriterionError(f"reset goes to {self.to!r}, expected {ZERO!r} or {INITIAL!r}")

    @property
    def needs(self) -> tuple[str, ...]:
        """The weights before training, where what is kept goes back to them."""
        return (INITIAL,) if self.rewinds else ()

    @property
    def rewinds(self) -> bool:
        """Whether what is kept goes back to its value before training."""
        return self.to == INITIAL

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """How far zero is from an element, or from a row or column as a whole."""
        return Magnitude().score(weights, statistics, grain)
