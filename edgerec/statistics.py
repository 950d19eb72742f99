"""How sure a mean over users is: bootstrap intervals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgerec.errors import EdgerecError

DRAWS_AT_ONCE = 1 << 22


class SampleError(EdgerecError):
    """Values per user of which no interval can be given."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds of its confidence interval, low <= high."""

    estimate: float
    low: float
    high: float


def paired_bootstrap(
    difference: npt.ArrayLike, *, samples: int = 1000, seed: int, confidence: float = 0.95
) -> Interval:
    """Return the mean of one difference a user, [users], with its percentile interval.

    Users are resampled with replacement, so both sides of a difference stay together. Source: B. Efron, R. Tibshirani,
    An Introduction to the Bootstrap, 1993, chapter 13. Raises SampleError for no users, or a value that is not finite.
    """
    values = _checked(difference, samples, confidence)
    means = _resampled_means(values[:, None], samples, seed)[:, 0]
    return _interval(float(values.mean()), means, confidence)


def ratio_bootstrap(
    above: npt.ArrayLike, below: npt.ArrayLike, *, samples: int = 1000, seed: int, confidence: float = 0.95
) -> Interval:
    """Return mean(above) / mean(below), both [users], with its percentile interval; users are resampled in pairs.

    Raises SampleError when mean(below) is 0, too for so many resamples that the interval would be a guess.
    """
    sides = [_checked(above, samples, confidence), _checked(below, samples, confidence)]
    if len(sides[0]) != len(sides[1]):
        raise SampleError(f"A ratio needs one value a user on both sides, not {len(sides[0])} and {len(sides[1])}.")
    values = np.column_stack(sides)
    means = _resampled_means(values, samples, seed)
    usable = means[:, 1] != 0
    if values[:, 1].mean() == 0 or usable.mean() < confidence:
        raise SampleError("The figure to compare with is 0 for nearly all users, so there is no share of it to keep.")
    ratio = float(values[:, 0].mean() / values[:, 1].mean())
    return _interval(ratio, means[usable, 0] / means[usable, 1], confidence)


def _checked(values: npt.ArrayLike, samples: int, confidence: float) -> npt.NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise SampleError(f"An interval needs one finite value a user, not an array of shape {array.shape} as given.")
    if samples < 1 or not 0 < confidence < 1:
        raise SampleError(f"A bootstrap takes samples above 0 and a confidence in (0, 1), not {samples}, {confidence}.")
    return array


def _resampled_means(values: npt.NDArray[np.float64], samples: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the column means of `samples` resamples of the rows of values [users, columns]: [samples, columns]."""
    users = len(values)
    generator = np.random.default_rng(seed)
    means = np.empty((samples, values.shape[1]))
    step = max(1, DRAWS_AT_ONCE // users)
    for start in range(0, samples, step):
        drawn = generator.integers(users, size=(min(step, samples - start), users))
        means[start : start + step] = values[drawn].mean(axis=1)
    return means


def _interval(estimate: float, resampled: npt.NDArray[np.float64], confidence: float) -> Interval:
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate, float(low), float(high))
