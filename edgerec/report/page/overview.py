"""The first sections of the page: all files in one table, and size against recall."""

from collections.abc import Sequence

from edgerec.pareto import front
from edgerec.report.exhibit import Exhibit
from edgerec.report.page.drawing import drawn
from edgerec.report.page.html import Html, element, figure, joined, shown, table
from edgerec.report.page.scales import byte_unit
from edgerec.report.page.size_chart import Point, size_and_recall
from edgerec.report.page.sources import Named, source
from edgerec.report.quantities import duration, share, size
from edgerec.statistics import Interval


def overview(files: Sequence[Named]) -> Html:
    """Give one row a file: what it weighs, how well it recommends, what it costs to run."""
    header = ("file", "recipe", "on disk", "download", "recall (95 %)", "p50", "private", "oldest runtime", "from")
    return table("All files", header, (_row(one) for one in files), right=(2, 3, 4, 5, 6))


def unmeasured(files: Sequence[Named]) -> Html:
    """Give what to run for each file that nothing measured."""
    return joined(
        element(
            "p",
            element("strong", f"{one.letter} is not measured. "),
            "Its sizes are read from the file; for all else run ",
            element("code", one.exhibit.bench),
        )
        for one in files
        if not one.exhibit.measurements
    )


def size_against_recall(files: Sequence[Named]) -> Html:
    """Give the chart with the Pareto line, and its table; a sentence where nobody measured recall."""
    points = [(one, recall) for one in files if (recall := one.exhibit.recall) is not None]
    if not points:
        return element("p", "No report of these files holds quality over all users, so there is no recall to show.")
    sizes = [one.exhibit.inspection.download_bytes for one, _ in points]
    best = front([(weight, recall.estimate) for weight, (_, recall) in zip(sizes, points, strict=True)])
    scale, unit = byte_unit(max(sizes))
    k = _k(points[0][0].exhibit)
    chart = size_and_recall(
        [
            Point(one.letter, weight / scale, recall, place in best)
            for place, (weight, (one, recall)) in enumerate(zip(sizes, points, strict=True))
        ],
        unit=unit,
        k=k,
    )
    smallest = ", ".join(points[place][0].letter for place in best)
    rows = [
        (
            one.title,
            f"~ {size(weight)}" if one.exhibit.inspection.estimated else size(weight),
            f"recall@{_k(one.exhibit)}",
            *_interval(recall),
            "yes" if place in best else "no",
            source(one.of(one.exhibit.quality)),
        )
        for place, (weight, (one, recall)) in enumerate(zip(sizes, points, strict=True))
    ]
    label = f"Recall at {k} by download size, {len(points)} files; none is smaller and better than {smallest}."
    return figure(
        drawn(chart, label, "size"),
        f"Dots are files, upright lines 95 % intervals over users. The stepped line joins those that no other beats in "
        f"size and recall at once: {smallest}.",
        table(
            "Size against recall",
            ("file", "download", "metric", "mean", "from", "to", "on the line", "source"),
            rows,
            right=(1, 3, 4, 5),
        ),
    )


def _row(one: Named) -> tuple[str, ...]:
    inside = one.exhibit.inspection
    timed, weighed, quality = (
        next(iter(one.exhibit.timed), None),
        next(iter(one.exhibit.weighed), None),
        one.exhibit.quality,
    )
    latency = None if timed is None else timed.figures.latency
    memory = None if weighed is None else weighed.report.memory
    recall = one.exhibit.recall
    names = dict.fromkeys(one.of(each) for each in (quality, timed, weighed) if each is not None)
    return (
        one.title,
        shown(one.exhibit.recipe) or "none",
        size(inside.app_bytes),
        f"~ {size(inside.download_bytes)}" if inside.estimated else size(inside.download_bytes),
        "not measured" if recall is None else f"@{_k(one.exhibit)} {_percent(recall)}",
        "not measured" if latency is None else duration(latency.p50_ns),
        "not measured" if memory is None else size(memory.private_run),
        "unknown" if inside.oldest_runtime is None else inside.oldest_runtime or "any",
        joined((one.read, ", ", source(*names)) if names else (one.read,)),
    )


def _percent(interval: Interval) -> str:
    return f"{share(interval.estimate)} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def _interval(interval: Interval) -> tuple[str, str, str]:
    return share(interval.estimate), share(interval.low), share(interval.high)


def _k(exhibit: Exhibit) -> int:
    quality = None if exhibit.quality is None else exhibit.quality.figures.quality
    return 0 if quality is None else quality.k
