"""How many times as long a call takes in one model as in another, told from fresh processes of both: pure statistics.

Calls of one process resemble each other more than calls of two: where the system put the process, and what else ran
then, is drawn once a process. So processes are resampled first, with replacement, then the calls of each, and the ratio
of the medians of all calls is taken anew. Sources: T. Kalibera, R. Jones, Rigorous Benchmarking in Reasonable Time,
ISMM 2013 (repetition at the level that varies, ratios with intervals, an effect that is worth telling); A. Davison,
D. Hinkley, Bootstrap Methods and their Application, 1997, section 3.8 (hierarchical data); B. Efron, R. Tibshirani, An
Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgerec.statistics import Interval, SampleError

Outcome = Literal["slower", "faster", "no different", "inconclusive"]

MARGIN = 0.02
"""A share of the old model's time: less than that is no difference."""
FEWEST_PROCESSES = 5
CONFIDENCE = 0.95
SAMPLES = 1000

Process = Sequence[int]


def speed_ratio(
    old: Sequence[Process],
    new: Sequence[Process],
    *,
    seed: int,
    samples: int = SAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return median(new) / median(old) over the calls of all processes, with its percentile interval.

    Each side has one sequence of nanoseconds, all above 0, for each fresh process. Raises SampleError for fewer than
    FEWEST_PROCESSES a side, a process without calls, or a time that is not above 0.
    """
    sides = [[_checked(process) for process in side] for side in (old, new)]
    for side in sides:
        if len(side) < FEWEST_PROCESSES:
            raise SampleError(f"A ratio needs at least {FEWEST_PROCESSES} processes a side, not {len(side)}.")
    random = np.random.default_rng(seed)
    below, above = (_resampled_medians(side, samples, random) for side in sides)
    low, high = np.quantile(above / below, [(1 - confidence) / 2, (1 + confidence) / 2])
    estimate = float(np.median(np.concatenate(sides[1])) / np.median(np.concatenate(sides[0])))
    # The middle of skewed values may lie outside of what its resamples say.
    return Interval(estimate, min(float(low), estimate), max(float(high), estimate))


def outcome_of(ratio: Interval, margin: float = MARGIN) -> Outcome:
    """Return what an interval of new / old tells: a difference only when all of it lies beyond the margin.

    "no different" when all of it lies within, "inconclusive" when it does neither.
    """
    if ratio.low > 1 + margin:
        return "slower"
    if ratio.high < 1 - margin:
        return "faster"
    return "no different" if 1 - margin <= ratio.low and ratio.high <= 1 + margin else "inconclusive"


def _checked(process: Process) -> NDArray[np.float64]:
    times = np.asarray(process, np.float64)
    if times.ndim != 1 or not times.size or not (times > 0).all():
        raise SampleError(f"A process needs calls of more than 0 ns, not {str(list(process))[:60]}.")
    return times


def _resampled_medians(
    processes: Sequence[NDArray[np.float64]], samples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    medians = np.empty(samples)
    for sample in range(samples):
        drawn = [processes[at] for at in random.integers(len(processes), size=len(processes))]
        medians[sample] = np.median(np.concatenate([one[random.integers(len(one), size=len(one))] for one in drawn]))
    return medians
