"""The figures that follow from the raw values of a device report."""

from collections.abc import Mapping
from dataclasses import dataclass

from device_tests.counts import Count, Counts
from device_tests.evaluation import Baseline
from device_tests.measurement import Memory, Storage
from device_tests.metrics import METRICS
from device_tests.report import Board, DeviceReport, GoldenResult, Quality
from edgerec.half_rates import HalfRate, half_rates
from edgerec.report.timing_figures import (
    ConditionsFigures,
    LatencyFigures,
    SustainedFigures,
    conditions_figures,
    latency_figures,
    sustained_figures,
)
from edgerec.statistics import Interval, paired_bootstrap

SEED = 0


@dataclass(frozen=True)
class QualityFigures:
    """Metrics at k over all users with their 95 % intervals (bootstrap over users), and by segment.

    `halves` are hit rates at k of one held-out item among `negatives` of its own popularity half, empty without any.
    `coverage` is the share of the catalogue in anyone's top k; `distinct_scores` the mean number of a user's scores
    that differ, out of `items`. `dropped` items of the catalogue are not scored: `held_out_dropped` of what was held
    out are theirs, each a miss.
    """

    k: int
    users: int
    items: int
    metrics: dict[str, Interval]
    segments: dict[str, dict[str, float]]
    negatives: int
    halves: Mapping[str, HalfRate]
    coverage: float
    distinct_scores: float
    dropped: int
    held_out_dropped: int


@dataclass(frozen=True)
class CountFigures:
    """What was counted: load, the first call, and the least, median and most of the further calls and of each top k.

    The three are picked by their instructions, lower median; those of top k are None where none was counted.
    """

    calls: int
    load: Count
    first: Count
    least: Count
    median: Count
    most: Count
    top_k: Count | None
    top_k_most: Count | None
    ids: str


@dataclass(frozen=True)
class DeviceFigures:
    """One device report without its raw values."""

    provenance: str
    bundle_sha256: str | None
    model_sha256: str
    board: Board
    golden: GoldenResult | None
    quality: QualityFigures | None
    latency: LatencyFigures | None
    memory: Memory | None
    counts: CountFigures | None
    warnings: tuple[str, ...]
    more_threads: tuple[LatencyFigures, ...]
    sustained: SustainedFigures | None
    storage: Storage | None
    conditions: ConditionsFigures | None


def figures_of(report: DeviceReport, float32: Baseline | None = None) -> DeviceFigures:
    """Give the figures of a report, and beside them what is kept of float32's, whose ranks the bundle's proof holds.

    An interval is the same each time, from a fixed seed.
    """
    return DeviceFigures(
        provenance=report.provenance,
        bundle_sha256=report.bundle_sha256,
        model_sha256=report.model_sha256,
        board=report.board,
        golden=report.golden,
        quality=None if report.quality is None or not report.quality.ranks else _quality(report.quality, float32),
        latency=None if report.latency is None else latency_figures(report.latency),
        memory=report.memory,
        counts=None if report.counts is None else _counts(report.counts),
        warnings=report.warnings,
        more_threads=tuple(latency_figures(one) for one in report.more_threads),
        sustained=None if report.sustained is None else sustained_figures(report.sustained, report.conditions),
        storage=report.storage,
        conditions=None if report.conditions is None else conditions_figures(report.conditions),
    )


def _quality(quality: Quality, float32: Baseline | None) -> QualityFigures:
    k = quality.k
    present = [name for name, indices in quality.segments.items() if indices]
    return QualityFigures(
        k=k,
        users=quality.users,
        items=quality.items,
        metrics={name: paired_bootstrap(quality.per_user(name, k), seed=SEED) for name in METRICS},
        segments={segment: {name: quality.metric(name, k, segment) for name in METRICS} for segment in present},
        negatives=quality.negatives,
        halves=half_rates(quality, float32, k),
        coverage=quality.coverage(),
        distinct_scores=quality.distinct_scores,
        dropped=quality.dropped,
        held_out_dropped=quality.held_out_dropped,
    )


def _counts(counts: Counts) -> CountFigures:
    calls, lists = (sorted(each, key=lambda one: one.instructions) for each in (counts.invoke, counts.top_k))
    return CountFigures(
        calls=len(calls),
        load=counts.load,
        first=counts.first,
        least=calls[0],
        median=calls[(len(calls) - 1) // 2],
        most=calls[-1],
        top_k=lists[(len(lists) - 1) // 2] if lists else None,
        top_k_most=lists[-1] if lists else None,
        ids=counts.ids,
    )
