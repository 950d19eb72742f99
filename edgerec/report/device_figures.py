"""The figures that follow from the raw values of a device report."""

from collections.abc import Mapping
from dataclasses import dataclass

from device_tests.counts import Count, Counts
from device_tests.evaluation import Baseline
from device_tests.metrics import METRICS
from device_tests.report import Board, DeviceReport, GoldenResult, Latency, Memory, Quality
from edgerec.half_rates import HalfRate, half_rates
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
class LatencyFigures:
    """Nanoseconds: load, first call, percentiles of the warm calls, and what the harness itself adds to a call."""

    calls: int
    load_ns: int
    first_ns: int
    p50_ns: int
    p95_ns: int
    p99_ns: int
    overhead_ns: int
    ids: str


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
        latency=None if report.latency is None else _latency(report.latency),
        memory=report.memory,
        counts=None if report.counts is None else _counts(report.counts),
        warnings=report.warnings,
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


def _latency(latency: Latency) -> LatencyFigures:
    return LatencyFigures(
        calls=len(latency.warm_ns),
        load_ns=latency.load_ns,
        first_ns=latency.first_ns,
        p50_ns=latency.p(50),
        p95_ns=latency.p(95),
        p99_ns=latency.p(99),
        overhead_ns=latency.overhead_ns,
        ids=latency.ids,
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
