"""Variance: columns that tell rows apart least go first, as they stand or in the axes in which scores vary."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgerec.criteria.criterion import COLUMN, Saliency, Weights
from edgerec.criteria.statistics import Statistics, Values, given

_DAMPING = 1e-6  # on the diagonal, of its mean: the moment of fewer vectors than columns has no inverse


@dataclass(frozen=True)
class Variance:
    """The variance of a column over the rows: one that is the same in every row orders none."""

    name: str = field(default="variance", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    grains: tuple[str, ...] = field(default=(COLUMN,), init=False)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """Variances of the columns."""
        del statistics, grain
        variances: Saliency = weights.astype(np.float64).var(axis=0)
        return variances


@dataclass(frozen=True, eq=False)
class Axes:
    """A change of basis that leaves every score: table @ forward and vectors @ back, [columns, columns] each."""

    forward: NDArray[np.float64]
    back: NDArray[np.float64]


@dataclass(frozen=True)
class MaxVariance:
    """What a column adds to the mean square of the scores: H[c, c] times the sum of t[r, c]^2 over the rows.

    H is the second moment of the vectors that multiply the table. In the `axes` of the table these are the squared
    singular values of the score matrix, so that leaving out the least is the best that so many columns can do (Eckart
    and Young 1936, in the metric of the scores).
    """

    name: str = field(default="max_variance", init=False)
    needs: tuple[str, ...] = field(default=("second_moment",), init=False)
    grains: tuple[str, ...] = field(default=(COLUMN,), init=False)

    def score(self, weights: Weights, statistics: Statistics, grain: str) -> Saliency:
        """The columns' part in the mean square of the scores."""
        del grain
        energies: Saliency = np.diag(given(statistics.second_moment)) * np.square(weights.astype(np.float64)).sum(
            axis=0
        )
        return energies


def axes(table: Values, second_moment: Values) -> Axes:
    """The principal axes of a table [rows, columns] in the metric of the scores, the strongest first.

    With S = H^1/2 and S table' table S = Q D Q': forward = S Q and back = S^-1 Q, so that the scores stay, the second
    moment of the vectors becomes the identity and the table's columns are orthogonal with squared norms D.
    """
    columns = len(second_moment)
    damped = second_moment + _DAMPING * np.trace(second_moment) / columns * np.eye(columns)
    values, basis = np.linalg.eigh(damped.astype(np.float64))
    root, inverse = (basis * np.sqrt(values)) @ basis.T, (basis / np.sqrt(values)) @ basis.T
    wide = table.astype(np.float64)
    strengths, turned = np.linalg.eigh(root @ (wide.T @ wide) @ root)
    turned = turned[:, np.argsort(-strengths, kind="stable")]
    return Axes(root @ turned, inverse @ turned)


def spread(table: Values, total: float, *, seed: int) -> Axes:
    """Axes that spread what a table [rows, columns] and its vectors hold evenly over the columns, from principal ones.

    Integers with one scale for a table and Adam with one rate want columns alike, and principal axes are as unlike as
    can be. With vectors of second moment I and D the table's squared column norms: forward = S^-1 R and back = S R,
    S^2 = D^1/2 times what gives the vectors the mean square length `total`, R a rotation drawn from the seed.
    """
    strengths = np.linalg.norm(table.astype(np.float64), axis=0)
    strengths = np.maximum(strengths, _DAMPING * max(float(strengths.max()), _DAMPING))
    scale = np.sqrt(strengths * (total / strengths.sum()))
    rotation, upper = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(scale), len(scale))))
    rotation *= np.sign(np.diag(upper))
    return Axes(rotation / scale[:, None], rotation * scale[:, None])
