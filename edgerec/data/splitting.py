"""Which interactions train a model, which choose it and which judge it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions

Part = Literal["validation", "test"]


@dataclass(frozen=True)
class Holdout:
    """A rule that marks the rows to hold out of some interactions, and its name."""

    name: str
    mark: Callable[[Interactions, np.random.Generator], npt.NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Split:
    """Three parts of the same interactions, with shared vocabularies, and how they were made."""

    train: Interactions
    validation: Interactions
    test: Interactions
    holdout: str
    seed: int

    def held_out(self, part: Part) -> Interactions:
        """Return the interactions that `part` is judged on."""
        return self.test if part == "test" else self.validation

    def seen(self, part: Part) -> Interactions:
        """Return what a model may know when `part` is judged: train, and for test the validation rows as well."""
        return self.train.joined(self.validation) if part == "test" else self.train


def last_n(n: int) -> Holdout:
    """Hold out the last n interactions of every user who has more than n."""
    if n < 1:
        raise DataError(f"last_n holds out at least 1 interaction a user, not {n}.")

    def mark(interactions: Interactions, _: np.random.Generator) -> npt.NDArray[np.bool_]:
        end = interactions.offsets[1:][interactions.user]
        rows_of_user = np.diff(interactions.offsets)[interactions.user]
        return (end - np.arange(len(interactions)) <= n) & (rows_of_user > n)

    return Holdout(f"last_n({n})", mark)


def random_share(share: float) -> Holdout:
    """Hold out a random share of every user's interactions, rounded, and leave each user at least one."""
    _check_share(share, "random_share")

    def mark(interactions: Interactions, generator: np.random.Generator) -> npt.NDArray[np.bool_]:
        counts = np.diff(interactions.offsets)
        quota = np.minimum(np.floor(share * counts + 0.5).astype(np.int64), counts - 1)
        order = np.lexsort((generator.random(len(interactions)), interactions.user))
        turn = np.empty(len(interactions), np.int64)
        turn[order] = np.arange(len(interactions)) - interactions.offsets[interactions.user]
        marked: npt.NDArray[np.bool_] = turn < quota[interactions.user]
        return marked

    return Holdout(f"random_share({share})", mark)


def after(share: float) -> Holdout:
    """Hold out what happened after the first `share` of all interactions; rows of one moment stay together.

    A user whose first interaction is later than that has no row left to train on, and is not judged.
    """
    _check_share(share, "after")

    def mark(interactions: Interactions, _: np.random.Generator) -> npt.NDArray[np.bool_]:
        if not len(interactions):
            return np.zeros(0, np.bool_)
        last = max(int(np.ceil(share * len(interactions))) - 1, 0)
        cutoff = np.partition(interactions.time, last)[last]
        later: npt.NDArray[np.bool_] = interactions.time > cutoff
        return later

    return Holdout(f"after({share})", mark)


def split(interactions: Interactions, holdout: Holdout, *, seed: int) -> Split:
    """Return the split that cuts test off all interactions and validation off the rest, by the same holdout.

    Raises DataError when the holdout leaves nothing to test on or nothing to train on.
    """
    held = holdout.mark(interactions, np.random.default_rng([seed, 0]))
    rest = interactions.rows(~held)
    chosen = holdout.mark(rest, np.random.default_rng([seed, 1]))
    parts = Split(rest.rows(~chosen), rest.rows(chosen), interactions.rows(held), holdout.name, seed)
    for name, part in (("test", parts.test), ("train", parts.train)):
        if not len(part):
            raise DataError(
                f"{holdout.name} leaves no interactions to {name} on, of {len(interactions)} by "
                f"{interactions.users} users: "
                "give more data or hold out a different part."
            )
    return parts


def _check_share(share: float, holdout: str) -> None:
    if not 0 < share < 1:
        raise DataError(f"{holdout} takes a share between 0 and 1, not {share}.")
