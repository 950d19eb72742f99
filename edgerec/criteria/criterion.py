"""What a pruning criterion is, and the one way to ask it: what it lacks is refused by name."""

from dataclasses import fields
from operator import attrgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgerec.criteria.errors import CriterionError
from edgerec.criteria.statistics import Statistics

ELEMENT, ROW, COLUMN = "element", "row", "column"  # a unit of a dense layer is a column of its kernel
GRAINS = (ELEMENT, ROW, COLUMN)

Weights = NDArray[Any]
Saliency = NDArray[np.float64]


class Criterion(Protocol):
    """A ranking of what a kernel [rows, columns] is made of; a third party's comes by the entry point group.

    Rows of a table are items or users; the rows of a dense kernel are its inputs and the columns its units.
    `needs` names the fields of Statistics without which it cannot rank, `grains` what it can rank.
    """

    @property
    def name(self) -> str:
        """What a recipe calls it."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields of Statistics."""

    @property
    def grains(self) -> tuple[str, ...]:
        """Some of "element", "row" and "column"."""

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Saliency, higher is kept: [rows, columns] for elements, [rows] for rows, [columns] for columns."""


def saliency(criterion: Criterion, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
    """The saliency of every element [rows, columns], row [rows] or column [columns] of a kernel, float64.

    Raises CriterionError for weights that are no finite matrix, a grain that the criterion does not rank, statistics
    that it needs and nobody gave, statistics of other shapes, and a criterion that answers with no numbers.
    """
    if grain not in criterion.grains:
        raise CriterionError(
            f"{criterion.name} cannot rank by {grain}, it ranks by {' or '.join(criterion.grains)}: prune those, or "
            "take another criterion"
        )
    if weights.ndim != 2 or not weights.size:  # noqa: PLR2004
        raise CriterionError(f"weights have shape {weights.shape}, expected [rows, columns]: give one kernel")
    if not np.isfinite(weights).all():
        raise CriterionError(
            f"weights hold {int((~np.isfinite(weights)).sum())} values that are no finite numbers: train again or "
            "repair them"
        )
    refuse_missing(criterion, statistics)
    _refuse_shapes(weights, statistics)
    found = np.asarray(criterion.score(weights, statistics, grain), np.float64)
    expected = {ELEMENT: weights.shape, ROW: weights.shape[:1], COLUMN: weights.shape[1:]}[grain]
    if found.shape != expected or not np.isfinite(found).all():
        finite = int(np.isfinite(found).sum())
        raise CriterionError(
            f"criterion {criterion.name} gave saliencies {found.shape}, {finite} of them finite, "
            f"expected {expected} finite numbers: report it to who wrote it"
        )
    return found


def refuse_missing(criterion: Criterion, statistics: Statistics) -> None:
    """Raise CriterionError where a criterion needs statistics that nobody gave."""
    missing = [each for each in criterion.needs if getattr(statistics, each) is None]
    if missing:
        given = [each.name for each in fields(statistics) if getattr(statistics, each.name) is not None]
        raise CriterionError(
            f"criterion {criterion.name} needs {' and '.join(missing)}, got {', '.join(given) or 'no statistics'}: "
            "give it interactions, or take magnitude, which needs none"
        )


def _refuse_shapes(weights: Weights, statistics: Statistics) -> None:
    sizes = dict(zip(("rows", "columns"), weights.shape, strict=True))
    for name, dimensions in statistics.shapes().items():
        if getattr(statistics, name.partition(".")[0]) is None:
            continue
        values = attrgetter(name)(statistics)
        expected = tuple(sizes.get(dimension, dimension) for dimension in dimensions)
        fits = values.ndim == len(expected) and all(
            isinstance(wanted, str) or wanted == size for wanted, size in zip(expected, values.shape, strict=True)
        )
        if not fits:
            raise CriterionError(
                f"{name} has shape {list(values.shape)}, expected [{', '.join(map(str, expected))}] for a kernel "
                f"{list(weights.shape)}: take the statistics of this kernel"
            )
