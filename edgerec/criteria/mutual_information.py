"""Mutual information: columns whose part of the score says least about the label go first."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgerec.criteria.criterion import COLUMN, Saliency, Weights
from edgerec.criteria.errors import CriterionError
from edgerec.criteria.statistics import Statistics, Values, given

BINS = 20
PAIRS = 50_000  # with fewer the estimate's bias, (BINS - 1) / 2 pairs, is as large as what weak columns say


@dataclass(frozen=True)
class MutualInformation:
    """I(bin of u[c] t[c]; label) in nats, u the vector and t the row of a labelled pair.

    The plug-in estimate, sum of p(b, y) log(p(b, y) / (p(b) p(y))), over 20 bins of equal counts (equal values share
    a bin). Source: Shannon 1948; as a criterion of features, Battiti 1994.
    """

    least_pairs: int = PAIRS
    name: str = field(default="mutual_information", init=False)
    needs: tuple[str, ...] = field(default=("vectors", "labelled"), init=False)
    grains: tuple[str, ...] = field(default=(COLUMN,), init=False)

    def __post_init__(self) -> None:
        if isinstance(self.least_pairs, bool) or not isinstance(self.least_pairs, int) or self.least_pairs < 1:
            raise CriterionError(f"least_pairs is {self.least_pairs!r}, expected a whole number of at least 1")

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """The information of each column; raises CriterionError for too few pairs, or pairs of one label."""
        del grain
        vectors, pairs = given(statistics.vectors), given(statistics.labelled)
        if len(pairs.labels) < self.least_pairs:
            raise CriterionError(
                f"{self.name} got {len(pairs.labels)} labelled pairs, expected at least {self.least_pairs}: draw more "
                "with edgerec.criteria.statistics.labelled"
            )
        labels = np.unique(pairs.labels)
        if len(labels) < 2:  # noqa: PLR2004
            raise CriterionError(f"{self.name} got pairs of the one label {labels[0]}, expected taken and not taken")
        of_pairs = (vectors[pairs.vectors, c] * weights[pairs.rows, c] for c in range(weights.shape[1]))
        return np.array([information(equal_counts(contribution, BINS), pairs.labels) for contribution in of_pairs])


def equal_counts(values: Values, bins: int) -> NDArray[np.int64]:
    """The bin of every value [n], from 0 on, each of `bins` with as many as equal values in one bin allow.

    A value that fills more than a bin has one of its own, so that what lies above and below it stays apart.
    """
    edges = np.quantile(values, np.arange(1, bins) / bins)
    below, up_to = (np.searchsorted(edges, values, side=side) for side in ("left", "right"))
    return np.where(up_to - below > 1, bins + below, up_to)


def information(left: Values, right: Values) -> float:
    """The mutual information in nats of two discrete variables [n], from their joint counts."""
    _, left = np.unique(left, return_inverse=True)
    _, right = np.unique(right, return_inverse=True)
    shape = int(left.max()) + 1, int(right.max()) + 1
    joint = np.bincount(left.reshape(-1) * shape[1] + right.reshape(-1), minlength=shape[0] * shape[1]).reshape(shape)
    share = joint / joint.sum()
    independent = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    seen = share > 0
    return float(np.sum(share[seen] * np.log(share[seen] / independent[seen])))
