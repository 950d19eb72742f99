"""What one bundle came to: size from the bundle, quality with intervals and figures from the report."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from device_tests import metrics
from device_tests.bundle import Bundle
from device_tests.evaluation import Baseline
from device_tests.report import DeviceReport, Quality
from edgerec.errors import EdgerecError
from edgerec.half_rates import HalfRate, float32_ranks, half_rates
from edgerec.statistics import Interval, paired_bootstrap, ratio_bootstrap

BOOTSTRAP_SEED = 0


class ResultError(EdgerecError):
    """A report from which no result can be read."""


@dataclass(frozen=True)
class Result:
    """One row of a table of recipes.

    Bytes are of the app part; `ratio` is float32's download over this one's. `recall` is recall@k over all test users
    and `kept` its share of float32's, both with 95 % intervals over users. `halves` are the hit rates at k of one
    held-out item among `negatives` of its own popularity half, empty without any. Times in ns, memory in bytes, None
    unknown.
    """

    recipe: str
    k: int
    app_bytes: int
    download_bytes: int
    ratio: float
    recall: Interval
    kept: Interval
    negatives: int
    halves: Mapping[str, HalfRate]
    distinct_scores: float
    p50_ns: int
    p95_ns: int
    overhead_ns: int
    private_bytes: int | None
    verdict: bool


def result(built: Bundle, report: DeviceReport, *, float32_download: int, verdict: bool) -> Result:
    """The row of a bundle and its report. Raises ResultError where the report lacks a part."""
    quality, latency, memory = report.quality, report.latency, report.memory
    if quality is None or latency is None or memory is None:
        raise ResultError(f"the report of {built.manifest.recipe} lacks quality, latency or memory; run bench whole")
    k = built.manifest.k
    recall, float32 = np.array(quality.per_user("recall", k)), _float32(built)
    return Result(
        recipe=built.manifest.recipe,
        k=k,
        app_bytes=built.app_bytes,
        download_bytes=built.download_bytes,
        ratio=float32_download / built.download_bytes,
        recall=paired_bootstrap(recall, seed=BOOTSTRAP_SEED),
        kept=ratio_bootstrap(recall, _recall(quality, float32, k), seed=BOOTSTRAP_SEED),
        negatives=quality.negatives,
        halves=half_rates(quality, float32, k),
        distinct_scores=quality.distinct_scores,
        p50_ns=latency.p(50),
        p95_ns=latency.p(95),
        overhead_ns=latency.overhead_ns,
        private_bytes=memory.private_run,
        verdict=verdict,
    )


def _float32(built: Bundle) -> Baseline:
    """How float32 ranks what is held out, from the bundle's proof."""
    baseline = float32_ranks(built)
    if baseline is None:
        raise ResultError(f"the bundle of {built.manifest.recipe} does not say how float32 ranks")
    return baseline


def _recall(quality: Quality, float32: Baseline, k: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """float32's recall@k of every test user."""
    return np.array(metrics.per_user(metrics.recall, quality.offsets, float32.ranks.tolist(), k))
