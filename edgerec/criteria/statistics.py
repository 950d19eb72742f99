"""What a criterion may know beside the weights: of the interactions, the gradients and the vectors that are scored."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgerec.criteria.errors import CriterionError

Values = NDArray[Any]
Given = TypeVar("Given")

_DRAWS = 20  # a pair drawn 20 times and always an interaction: its vector took nearly every row


@dataclass(frozen=True, eq=False)
class Gradients:
    """The loss's gradient at every weight over the training data: mean and mean square, [rows, columns] each."""

    mean: Values
    mean_square: Values


@dataclass(frozen=True, eq=False)
class Taken:
    """Who took what: row `rows[i]` of the table belongs to interaction i, and so does `partners[i]`; integers [n]."""

    rows: Values
    partners: Values


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pairs of a vector and a row with a label (1: taken, 0: not), integers [n] each."""

    vectors: Values
    rows: Values
    labels: Values


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is known about a kernel [rows, columns]; None where nobody collected it.

    popularity     interactions of every row, [rows]
    second_moment  mean outer product of the vectors that multiply a row, [columns, columns]
    gradients      of every weight
    vectors        what multiplies the rows, a user's vector for an item table, [users, columns]
    labelled       pairs of those vectors and the rows
    taken          the interactions of the rows
    initial        the weights before training, [rows, columns]
    """

    popularity: Values | None = None
    second_moment: Values | None = None
    gradients: Gradients | None = None
    vectors: Values | None = None
    labelled: Labelled | None = None
    taken: Taken | None = None
    initial: Values | None = None

    def shapes(self) -> dict[str, tuple[str, ...]]:
        """The dimensions that each array should have, by its name; those beside rows and columns are free."""
        return {
            "popularity": ("rows",),
            "second_moment": ("columns", "columns"),
            "gradients.mean": ("rows", "columns"),
            "gradients.mean_square": ("rows", "columns"),
            "vectors": ("vectors", "columns"),
            "initial": ("rows", "columns"),
        }


def given(statistic: Given | None) -> Given:
    """A statistic that a criterion's `needs` names. Raises CriterionError where nobody collected it."""
    if statistic is None:
        raise CriterionError(
            "a criterion was asked without statistics that it needs: ask edgerec.criteria.criterion.saliency, it says "
            "which those are"
        )
    return statistic


def labelled(taken: Taken, rows: int, vectors: int, *, pairs: int, seed: int) -> Labelled:
    """`pairs` pairs drawn with replacement: half are interactions (label 1), half a vector and a row it took not (0).

    A vector that took nearly every of the `rows` rows may come with one that it took.
    """
    random = np.random.default_rng(seed)
    chosen = random.integers(len(taken.rows), size=pairs - pairs // 2)
    others, strangers = random.integers(vectors, size=pairs // 2), random.integers(rows, size=pairs // 2)
    known = np.unique(taken.partners.astype(np.int64) * rows + taken.rows)
    for _ in range(_DRAWS):
        again = np.isin(others * rows + strangers, known)
        strangers[again] = random.integers(rows, size=int(again.sum()))
    return Labelled(
        np.concatenate([taken.partners[chosen], others]),
        np.concatenate([taken.rows[chosen], strangers]),
        np.concatenate([np.ones(len(chosen), np.int64), np.zeros(len(others), np.int64)]),
    )
