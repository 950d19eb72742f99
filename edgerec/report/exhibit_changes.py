"""What changed from one exhibit to another in size and in what was measured, each with where it comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgerec.gate.machines import measurer_of
from edgerec.report.exhibit import SEED, Exhibit, Measurement
from edgerec.statistics import Interval, paired_bootstrap

MEASURED_ON_ANOTHER = "measured on another machine or runtime: not compared"


@dataclass(frozen=True)
class Change:
    """One figure before and after; None is not measured.

    `sources` are the reports that they were measured in; without `is_measured` they are read from the files.
    `better` says which way is good: "less" or "more". `difference` is after less before where both are known and
    comparable, with `interval` (95 %, bootstrap over the users that both were asked for) where users can be paired.
    `note` says why two figures are not compared.
    """

    name: str
    unit: str
    better: str
    before: float | None
    after: float | None
    sources: tuple[str, ...] = ()
    interval: Interval | None = None
    note: str = ""
    is_measured: bool = True

    @property
    def is_run(self) -> bool:
        """Say whether it is of one run of a process; another run of the same file gives it a little otherwise."""
        return self.is_measured and self.unit in {"ns", "bytes"}

    @property
    def difference(self) -> float | None:
        """Give after less before, None where one is missing or they are no figures of one thing."""
        if self.before is None or self.after is None or self.note:
            return None
        return self.after - self.before


def changes(old: Exhibit, new: Exhibit) -> tuple[Change, ...]:
    """Give the figures that the page compares, sizes first."""
    return (
        Change("on disk", "bytes", "less", old.inspection.app_bytes, new.inspection.app_bytes, is_measured=False),
        Change(
            "download", "bytes", "less", old.inspection.download_bytes, new.inspection.download_bytes, is_measured=False
        ),
        *_quality_changes(old.quality, new.quality),
        *_latency_changes(*_pair(old.timed, new.timed)),
        *_count_changes(*_pair(old.counted, new.counted)),
        *_memory_changes(*_pair(old.weighed, new.weighed)),
    )


def _quality_changes(old: Measurement | None, new: Measurement | None) -> Iterator[Change]:
    one, other = (None if each is None else each.figures.quality for each in (old, new))
    k = next((each.k for each in (other, one) if each is not None), 10)
    for metric in ("recall", "ndcg"):
        yield Change(
            name=f"{metric}@{k}",
            unit="share",
            better="more",
            before=None if one is None else one.metrics[metric].estimate,
            after=None if other is None else other.metrics[metric].estimate,
            sources=_sources(old, new),
            interval=_paired(old, new, metric),
            note=_incomparable(old, new),
        )


def _paired(old: Measurement | None, new: Measurement | None, metric: str) -> Interval | None:
    """Give the mean difference over the users that both reports are of, None where they were asked of others."""
    if old is None or new is None or _incomparable(old, new):
        return None
    one, other = old.report.quality, new.report.quality
    if one is None or other is None or one.offsets != other.offsets:
        return None
    pairs = zip(one.per_user(metric, one.k), other.per_user(metric, other.k), strict=True)
    return paired_bootstrap((after - before for before, after in pairs), seed=SEED)


def _incomparable(old: Measurement | None, new: Measurement | None) -> str:
    one, other = (None if each is None else each.report.quality for each in (old, new))
    if one is None or other is None:
        return ""
    if one.k != other.k:
        return f"lists of {one.k} and of {other.k} items: not compared"
    return "" if one.users == other.users else f"of {one.users} and of {other.users} users: not compared"


def _latency_changes(old: Measurement | None, new: Measurement | None) -> Iterator[Change]:
    one, other = (None if each is None else each.figures.latency for each in (old, new))
    for name in ("p50", "p95", "load"):
        before, after = (None if each is None else getattr(each, f"{name}_ns") for each in (one, other))
        yield Change(name, "ns", "less", before, after, _sources(old, new), note=_elsewhere(old, new))


def _count_changes(old: Measurement | None, new: Measurement | None) -> Iterator[Change]:
    if old is None and new is None:
        return
    one, other = (None if each is None else each.figures.counts for each in (old, new))
    before, after = (None if each is None else each.median.instructions for each in (one, other))
    yield Change("instructions", "count", "less", before, after, _sources(old, new), note=_elsewhere(old, new))


def _memory_changes(old: Measurement | None, new: Measurement | None) -> Iterator[Change]:
    one, other = (None if each is None else each.report.memory for each in (old, new))
    for name, field in (("private memory", "private_run"), ("peak memory", "peak")):
        before, after = (None if each is None else getattr(each, field) for each in (one, other))
        yield Change(name, "bytes", "less", before, after, _sources(old, new), note=_elsewhere(old, new))


def _pair(old: Sequence[Measurement], new: Sequence[Measurement]) -> tuple[Measurement | None, Measurement | None]:
    """Give the first two of one machine and runtime, else the first of each."""
    same = ((one, other) for other in new for one in old if not _elsewhere(one, other))
    return next(same, (next(iter(old), None), next(iter(new), None)))


def _elsewhere(old: Measurement | None, new: Measurement | None) -> str:
    if old is None or new is None or measurer_of(old.report) == measurer_of(new.report):
        return ""
    return MEASURED_ON_ANOTHER


def _sources(old: Measurement | None, new: Measurement | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.source for one in (old, new) if one is not None))
