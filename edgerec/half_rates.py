"""How often a held-out item is found among candidates of its own popularity half, and how much of float32's is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from device_tests.bundle import Bundle
from device_tests.evaluation import Baseline, EvaluationSet
from device_tests.metrics import HALVES
from device_tests.report import Quality
from edgerec.statistics import Interval, SampleError, ratio_bootstrap

SEED = 0


@dataclass(frozen=True)
class HalfRate:
    """The hit rate at k over the held-out items of one half of the catalogue, and the share of float32's that it is.

    Both have 95 % intervals (bootstrap over users, all of one user's items together). `rate` is None where no item of
    the half is held out, `kept` also where float32's ranks are not known or float32 found nothing.
    """

    held_out: int
    rate: Interval | None
    kept: Interval | None


def float32_ranks(bundle: Bundle | None) -> Baseline | None:
    """Give how float32 ranks what a bundle holds out, None where it does not say; BundleError when that is damaged."""
    if bundle is None:
        return None
    evaluation = EvaluationSet.from_members(bundle.members, bundle.manifest)
    return None if evaluation is None else Baseline.from_members(bundle.members, bundle.manifest, evaluation)


def half_rates(quality: Quality, float32: Baseline | None, k: int) -> Mapping[str, HalfRate]:
    """Give the hit rates at k of the popular and of the unpopular half; empty when no candidates were drawn."""
    if not quality.negatives:
        return {}
    ranks = None if float32 is None else float32.candidate_ranks
    other = None if ranks is None else replace(quality, candidate_ranks=tuple(ranks.tolist()))
    return {half: _rate(quality, other, k, half) for half in HALVES}


def _rate(quality: Quality, float32: Quality | None, k: int, half: str) -> HalfRate:
    counted = _counted(quality, k, half)
    if not len(counted):
        return HalfRate(0, None, None)
    hits, items = counted.T
    kept = None if float32 is None else _kept(hits, _counted(float32, k, half)[:, 0])
    return HalfRate(int(items.sum()), ratio_bootstrap(hits, items, seed=SEED), kept)


def _counted(quality: Quality, k: int, half: str) -> npt.NDArray[np.int64]:
    return np.array(quality.candidate_hits(k, half), np.int64).reshape(-1, 2)


def _kept(hits: npt.NDArray[np.int64], float32: npt.NDArray[np.int64]) -> Interval | None:
    try:
        return ratio_bootstrap(hits, float32, seed=SEED)
    except SampleError:  # float32 found next to nothing there
        return None
