"""The loop of a recipe: the step that grows a little each round, and how."""

from dataclasses import dataclass, replace
from typing import Any

from edgerec.compress.errors import RecipeError
from edgerec.compress.steps import Prune, Step
from edgerec.suggestion import did_you_mean

GROWING = {"prune": "sparsity", "narrow": "remove"}  # the share that grows, by step
ROUNDING = 9  # decimals: 0.1 three times over is 0.3


@dataclass(frozen=True)
class Loop:
    """The step that grows, and how: `grow` is prune by its sparsity, or narrow by the share of columns removed.

    The first round takes the step's own share, each one after it `by` more of what there was before the first. It ends
    after `rounds` at the latest, and when `no_progress_rounds` in a row made nothing smaller.
    """

    grow: str
    by: float
    rounds: int = 20
    no_progress_rounds: int = 2

    def __post_init__(self) -> None:
        if self.grow not in GROWING:
            raise RecipeError(
                f"grow is {self.grow!r}, expected {' or '.join(GROWING)}{did_you_mean(self.grow, tuple(GROWING))}"
            )
        if not 0 < self.by < 1:
            raise RecipeError(f"by is {self.by:g}, expected a share above 0 and below 1: so much more goes each round")
        for name in ("rounds", "no_progress_rounds"):
            if getattr(self, name) < 1:
                raise RecipeError(f"{name} is {getattr(self, name)}, expected 1 or more")

    def shares(self, start: float) -> tuple[float, ...]:
        """The share that is gone after each round, from `start`; only those below 1, which would leave nothing."""
        grown = (round(start + self.by * number, ROUNDING) for number in range(self.rounds))
        return tuple(share for share in grown if share < 1)

    def last(self, step: Step) -> Step:
        """A step that takes at once all that has gone after the last round."""
        return self._taking(step, self._shares_of(step)[-1])

    def grown(self, step: Step) -> tuple[Step, ...]:
        """The step of each round, to be carried out one after the other.

        What a round takes is measured in the whole, and a narrowing step takes of what is left. Raises RecipeError
        where a second round would leave nothing.
        """
        shares = self._shares_of(step)
        if len(shares) == 1 < self.rounds:
            raise RecipeError(
                f"loop grows {GROWING[self.grow]} from {shares[0]:g} by {self.by:g}, and the second round would leave "
                "nothing: begin with less, or take a smaller by"
            )
        if isinstance(step, Prune):
            return tuple(self._taking(step, share) for share in shares)
        before = (0.0, *shares[:-1])
        return tuple(
            self._taking(step, 1 - (1 - share) / (1 - last)) for last, share in zip(before, shares, strict=True)
        )

    def _shares_of(self, step: Step) -> tuple[float, ...]:
        return self.shares(getattr(step, GROWING[self.grow]))

    def _taking(self, step: Step, share: float) -> Step:
        taken: dict[str, Any] = {GROWING[self.grow]: share, "allow_no_gain": True}
        return replace(step, **taken)
