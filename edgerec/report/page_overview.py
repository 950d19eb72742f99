"""The first sections of the page: all files in one table, size against recall, what changed against the baseline."""

from collections.abc import Sequence

from edgerec.exhibit import Exhibit
from edgerec.exhibit_changes import Change, TensorChange, changes, tensor_changes
from edgerec.pareto import front
from edgerec.report.page_drawing import drawn
from edgerec.report.page_html import EMPTY, Html, element, figure, joined, shown, table
from edgerec.report.page_size_chart import Point, size_and_recall
from edgerec.report.page_sources import Named, source
from edgerec.report.quantities import amount, duration, share, size
from edgerec.report.scales import byte_unit
from edgerec.statistics import Interval

MOST_TENSORS = 30
TOO_CLOSE = 0.05  # of a time: two runs of one file differ by as much


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
            size(weight),
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


def against_baseline(baseline: Named, others: Sequence[Named]) -> Html:
    """Give one table of figures and one of tensors for each file, against the baseline."""
    told = element(
        "p",
        "Recall and NDCG are compared user by user, with 95 % intervals. Times and memory are compared where machine "
        "and runtime are the same; two runs differ by some percent by chance, and ",
        element("code", "edgerec bench NEW --against OLD"),
        " tells them apart.",
    )
    compared = (
        element(
            "div",
            *(
                element("h3", f"{one.title} against {baseline.letter}"),
                _changes(baseline, one),
                _tensor_changes(tensor_changes(baseline.exhibit, one.exhibit)),
            ),
        )
        for one in others
    )
    return joined((told, element("div", *compared, class_="cards")))


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
        size(inside.download_bytes),
        "not measured" if recall is None else f"@{_k(one.exhibit)} {_percent(recall)}",
        "not measured" if latency is None else duration(latency.p50_ns),
        "not measured" if memory is None else size(memory.private_run),
        "unknown" if inside.oldest_runtime is None else inside.oldest_runtime or "any",
        joined((one.read, ", ", source(*names)) if names else (one.read,)),
    )


def _changes(baseline: Named, one: Named) -> Html:
    reports = {each.source: name for named in (baseline, one) for name, each in named.reports}
    rows = [
        (
            change.name,
            _amount(change.before, change.unit),
            _amount(change.after, change.unit),
            _difference(change),
            _relative(change),
            _judged(change),
            _from(change, reports, baseline, one),
        )
        for change in changes(baseline.exhibit, one.exhibit)
    ]
    header = ("figure", baseline.letter, one.letter, "change", "relative", "", "from")
    return table(f"Figures of {one.letter} against {baseline.letter}", header, rows, right=(1, 2, 3, 4))


def _tensor_changes(found: Sequence[TensorChange]) -> Html:
    if not found:
        return element("p", "Every stored tensor has the same name, type and bytes.")
    rows = [
        (
            shown(one.name),
            "none" if one.before_bytes is None else f"{size(one.before_bytes)} {one.before_dtype}",
            "none" if one.after_bytes is None else f"{size(one.after_bytes)} {one.after_dtype}",
            _signed(one.difference_bytes, "bytes"),
        )
        for one in found[:MOST_TENSORS]
    ]
    left = len(found) - len(rows)
    more = element("p", f"and {left} smaller ones") if left else EMPTY
    body = table("Tensors that changed", ("tensor", "before", "after", "change"), rows, right=(1, 2, 3))
    return element("details", element("summary", f"{len(found)} tensors changed"), body, more)


def _from(change: Change, reports: dict[str, str], baseline: Named, one: Named) -> Html:
    names = [reports[each] for each in change.sources]
    return source(*names) if names or change.is_measured else joined((baseline.read, ", ", one.read))


def _judged(change: Change) -> Html | str:
    difference = change.difference
    if change.note:
        return change.note
    if difference is None:
        return "not measured" if change.after is None else ""
    if change.interval is not None and change.interval.low <= 0 <= change.interval.high:
        return "no difference beyond chance"
    if not difference:
        return "same"
    if change.unit == "ns" and change.before and abs(difference) < TOO_CLOSE * change.before:
        return "too close to tell"
    good = (difference < 0) == (change.better == "less")
    return element("span", "better" if good else "worse", class_="good" if good else "bad")


def _difference(change: Change) -> str:
    if change.difference is None:
        return ""
    text = _signed(change.difference, change.unit)
    if change.interval is None:
        return text
    return f"{text} ({100 * change.interval.low:+.2f} to {100 * change.interval.high:+.2f})"


def _relative(change: Change) -> str:
    if change.difference is None or not change.before:
        return ""
    return f"{100 * change.difference / change.before:+.1f} %"


def _signed(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:+.2f} points"
    return f"{'+' if value > 0 else '-' if value < 0 else ''}{amount(abs(value), unit)}"


def _amount(value: float | None, unit: str) -> str:
    return "not measured" if value is None else amount(value, unit)


def _percent(interval: Interval) -> str:
    return f"{share(interval.estimate)} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def _interval(interval: Interval) -> tuple[str, str, str]:
    return share(interval.estimate), share(interval.low), share(interval.high)


def _k(exhibit: Exhibit) -> int:
    quality = None if exhibit.quality is None else exhibit.quality.figures.quality
    return 0 if quality is None else quality.k
