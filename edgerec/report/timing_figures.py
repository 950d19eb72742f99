"""Figures of speed from the raw values of a device report, and of the conditions that they were measured in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from device_tests.conditions import Conditions, Moment
from device_tests.measurement import Faults, Latency, Second, Sustained, percentile

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class LatencyFigures:
    """Nanoseconds with one number of threads: load, first call, percentiles of the warm calls, what the harness adds.

    `loads_ns` and `firsts_ns` have one value a fresh process; `load_ns` and `first_ns` are their medians.
    """

    threads: int
    calls: int
    load_ns: int
    loads_ns: tuple[int, ...]
    first_ns: int
    firsts_ns: tuple[int, ...]
    p50_ns: int
    p95_ns: int
    p99_ns: int
    invoke_p50_ns: int
    overhead_ns: int
    invoke_overhead_ns: int
    load_faults: Faults | None
    first_faults: Faults | None
    warm_faults: Faults | None
    ids: str


@dataclass(frozen=True)
class MinuteFigures:
    """One minute of a sustained run, or a half of a short one: its calls, and the hottest that the machine was."""

    seconds: int
    calls: int
    p50_ns: int
    p95_ns: int
    temperature_c: float | None


@dataclass(frozen=True)
class SustainedFigures:
    """The first minute of a sustained run beside the last."""

    seconds: int
    first: MinuteFigures
    last: MinuteFigures


@dataclass(frozen=True)
class ConditionsFigures:
    """The machine before and after, and the least and most of what it said in between; None is unknown."""

    before: Moment
    after: Moment
    temperature_c: tuple[float, float] | None
    frequency_khz: tuple[int, int] | None
    screen: str | None


def latency_figures(latency: Latency) -> LatencyFigures:
    """Give the figures of one latency."""
    loads, firsts = zip(*((start.load_ns, start.first_ns) for start in latency.starts), strict=True)
    return LatencyFigures(
        threads=latency.threads,
        calls=len(latency.warm_ns),
        load_ns=latency.load_ns,
        loads_ns=loads,
        first_ns=latency.first_ns,
        firsts_ns=firsts,
        p50_ns=latency.p(50),
        p95_ns=latency.p(95),
        p99_ns=latency.p(99),
        invoke_p50_ns=percentile(latency.invoke_ns, 50),
        overhead_ns=latency.overhead_ns,
        invoke_overhead_ns=latency.invoke_overhead_ns,
        load_faults=latency.starts[0].load_faults,
        first_faults=latency.starts[0].first_faults,
        warm_faults=latency.warm_faults,
        ids=latency.ids,
    )


def sustained_figures(sustained: Sustained, conditions: Conditions | None) -> SustainedFigures:
    """Give the first minute and the last; `conditions` has a moment for every second."""
    every = conditions.moments if conditions is not None else ()
    moments = [moment for moment in every if moment.phase == "sustained"]
    first, last = sustained.first, sustained.last
    return SustainedFigures(
        seconds=len(sustained.seconds),
        first=_minute(first, moments[: len(first)]),
        last=_minute(last, moments[-len(last) :]),
    )


def conditions_figures(conditions: Conditions) -> ConditionsFigures:
    """Give before, after and the ranges between."""
    moments = conditions.moments
    return ConditionsFigures(
        before=conditions.before,
        after=conditions.after,
        temperature_c=_range(moment.temperature_c for moment in moments),
        frequency_khz=_range(moment.frequency_khz for moment in moments),
        screen=conditions.screen,
    )


def _minute(seconds: Sequence[Second], moments: Sequence[Moment]) -> MinuteFigures:
    kept = [time_ns for second in seconds for time_ns in second.kept_ns]
    hottest = _range(moment.temperature_c for moment in moments)
    return MinuteFigures(
        seconds=len(seconds),
        calls=sum(second.calls for second in seconds),
        p50_ns=percentile(kept, 50),
        p95_ns=percentile(kept, 95),
        temperature_c=None if hottest is None else hottest[1],
    )


def _range(values: Iterable[Number | None]) -> tuple[Number, Number] | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None
