"""The sections of what devices measured: quality by segment, latency, memory; each chart with its table."""

from collections.abc import Sequence

from edgerec.gate.machines import measurer_of
from edgerec.histogram import histogram
from edgerec.report.exhibit import Measurement
from edgerec.report.page.drawing import drawn
from edgerec.report.page.html import EMPTY, Html, element, figure, table
from edgerec.report.page.row_charts import Bar, Estimate, Mark, by_segment, latencies, memories
from edgerec.report.page.scales import byte_unit, time_unit
from edgerec.report.page.sources import Named, source
from edgerec.report.quantities import count, duration, share, size

SEGMENTS = ("head", "middle", "tail", "popular_half", "unpopular_half", "short_history", "long_history")
BINS = 48


def quality(files: Sequence[Named]) -> Html:
    """Give recall by segment, of the first report of each file that holds quality over all users."""
    found = [(one, one.exhibit.quality) for one in files if one.exhibit.quality is not None]
    names = [name for _, each in found for name in each.segments]
    if not names:
        return _nothing("quality by segment")
    segments = sorted(dict.fromkeys(names), key=lambda name: (_place(name), name))
    k = next(each.figures.quality.k for _, each in found if each.figures.quality is not None)
    estimates = [
        Estimate(
            _words(segment),
            one.letter,
            each.segments[segment].estimate,
            each.segments[segment].low,
            each.segments[segment].high,
        )
        for segment in segments
        for one, each in found
        if segment in each.segments
    ]
    baseline = next((one.letter for one, _ in found if one.is_baseline), None)
    letters = [one.letter for one, _ in found]
    chart = by_segment(estimates, [_words(one) for one in segments], letters, k=k, baseline=baseline)
    sources = {one.letter: source(one.of(each)) for one, each in found}
    titles = {one.letter: one.title for one, _ in found}
    rows = [
        (one.group, titles[one.label], share(one.value), share(one.low), share(one.high), sources[one.label])
        for one in estimates
    ]
    return figure(
        drawn(chart, f"Recall at {k} in {len(segments)} segments of users and items, a row a file.", "quality"),
        "Dots are means, lines 95 % intervals over users." + (" Dashed: the baseline." if baseline else ""),
        table(f"Recall@{k} by segment", ("segment", "file", "mean", "from", "to", "source"), rows, right=(2, 3, 4)),
    )


def latency(files: Sequence[Named]) -> Html:
    """Give the distribution of warm calls of every report that a real machine made."""
    found = [(one.of(each), each) for one in files for each in one.exhibit.timed]
    if not found:
        return _nothing("latency")
    every = [time for _, each in found for time in _warm(each)]
    scale, unit = time_unit(sorted(every)[len(every) // 2])
    low, high = max(1, min(every)), max(every)
    bars = [
        Bar(name, bar.start / scale, bar.end / scale, bar.count / len(_warm(each)))
        for name, each in found
        for bar in histogram(_warm(each), low=low, high=high, bins=BINS)
    ]
    marks = [
        Mark(name, f"p{q}", each.report.latency.p(q) / scale)
        for name, each in found
        if each.report.latency is not None
        for q in (50, 95)
    ]
    chart = latencies(bars, marks, [name for name, _ in found], unit=unit)
    header = ("report", "calls", "p50", "p95", "p99", "first call", "load", "harness adds", "machine and runtime")
    return figure(
        drawn(chart, f"Distribution of the time of warm calls in {len(found)} reports, on one scale.", "latency"),
        "Each row is a report, its bars the share of warm calls that took so long; the line is p50, the dashed one "
        "p95. The scale is logarithmic. Only times of one machine and runtime can be compared.",
        table("Latency of one call", header, [_timed(name, each) for name, each in found], right=range(1, 8)),
    )


def memory(files: Sequence[Named]) -> Html:
    """Give what the process grew by in every report that a real machine made."""
    found = [(one.of(each), each) for one in files for each in one.exhibit.weighed]
    if not found:
        return _nothing("memory")
    parts = [
        (name, part, value)
        for name, each in found
        if each.report.memory is not None
        for part, value in (("private", each.report.memory.private_run), ("mapped", each.report.memory.mapped_run))
        if value is not None
    ]
    header = ("report", "private, load", "private, run", "mapped, load", "mapped, run", "peak", "from")
    data = table("Memory", header, [_weighed(name, each) for name, each in found], right=range(1, 6))
    if not parts:
        return data
    scale, unit = byte_unit(max(value for *_, value in parts))
    marks = [Mark(name, part, max(0, value) / scale) for name, part, value in parts]
    chart = memories(marks, ("private", "mapped"), [name for name, _ in found], unit=unit)
    return figure(
        drawn(chart, f"Memory that the process grew by, private and mapped, in {len(found)} reports.", "memory"),
        "What the process grew by from after its imports to after its calls: private is its own, mapped is of files "
        "that the system can drop. The peak of the whole process is in the table.",
        data,
    )


def counted(files: Sequence[Named]) -> Html:
    """Give the exact counts of every report that an emulator made, empty where none did."""
    found = [(one.of(each), each) for one in files for each in one.exhibit.counted]
    if not found:
        return EMPTY
    header = ("report", "load", "first call", "a call, least", "median", "most", "read", "written", "top k", "emulated")
    return table("Instructions, exact", header, [_counts(name, each) for name, each in found], right=range(1, 9))


def _counts(name: str, one: Measurement) -> tuple[str, ...]:
    counts = one.figures.counts
    if counts is None:
        return (name,)
    return (
        source(name),
        *(count(each.instructions) for each in (counts.load, counts.first, counts.least, counts.median, counts.most)),
        size(counts.median.read_bytes),
        size(counts.median.written_bytes),
        "" if counts.top_k is None else count(counts.top_k.instructions),
        str(measurer_of(one.report)),
    )


def _timed(name: str, one: Measurement) -> tuple[str, ...]:
    figures = one.figures.latency
    times = (
        ()
        if figures is None
        else (figures.p50_ns, figures.p95_ns, figures.p99_ns, figures.first_ns, figures.load_ns, figures.overhead_ns)
    )
    return (source(name), count(len(_warm(one))), *map(duration, times), str(measurer_of(one.report)))


def _weighed(name: str, one: Measurement) -> tuple[str, ...]:
    memory = one.report.memory
    figures = (
        ()
        if memory is None
        else (memory.private_load, memory.private_run, memory.mapped_load, memory.mapped_run, memory.peak)
    )
    return (name, *map(size, figures), source(name))


def _warm(one: Measurement) -> Sequence[int]:
    return () if one.report.latency is None else one.report.latency.warm_ns


def _nothing(what: str) -> Html:
    return element("p", f"No report of these files holds {what} of a real machine: not measured.")


def _words(segment: str) -> str:
    return segment.replace("_", " ")


def _place(segment: str) -> int:
    return SEGMENTS.index(segment) if segment in SEGMENTS else len(SEGMENTS)
