"""Results of several recipes as one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edgerec.config import FILE_NAME
from edgerec.demo import Demo
from edgerec.report.console import GREEN, PLAIN, RED, WIDEST, Style, table
from edgerec.report.program import from_here
from edgerec.report.quantities import duration, share, size
from edgerec.results import Result
from edgerec.statistics import Interval


@dataclass(frozen=True)
class _Column:
    """A column of results: its title, with `{k}` for the length of the lists, and the cell of one result."""

    title: str
    cell: Callable[[Result], str]
    right: bool = True


def _word(each: Result) -> str:
    return "held" if each.verdict else "missed"


def _interval(interval: Interval) -> str:
    return f"{interval.estimate:.3f} ({interval.low:.3f}-{interval.high:.3f})"


SHIPPED = (
    _Column("recipe", lambda one: one.recipe, right=False),
    _Column("on disk", lambda one: size(one.app_bytes)),
    _Column("download", lambda one: size(one.download_bytes)),
    _Column("ratio", lambda one: f"{one.ratio:.1f}x"),
    _Column("recall@{k} (95 %)", lambda one: _interval(one.recall)),
    _Column("of float32's", lambda one: share(one.kept.estimate)),
)
RUN = (
    _Column("p50", lambda one: duration(one.p50_ns)),
    _Column("p95", lambda one: duration(one.p95_ns)),
    _Column("private", lambda one: size(one.private_bytes)),
    _Column("verdict", _word, right=False),
)


def demo_text(demo: Demo, program: str, style: Style = PLAIN, *, columns: int = WIDEST) -> str:
    """What the demo found, in lines of at most `columns` where they can be, and what to do next with `program`."""
    first = demo.results[0]
    compared = ", ".join(f"{name} {value:.3f}" for name, value in demo.baselines.items())
    better = [name for name, value in demo.baselines.items() if value >= first.recall.estimate]
    beaten = f", which does not beat {' or '.join(better)}" if better else ""
    bundle, float32 = from_here(demo.bundle), from_here(demo.float32)
    overhead = duration(max(each.overhead_ns for each in demo.results))
    return "\n".join(
        (
            f"MovieTweetings, last film of each user held out, hit rate at {first.k}:",
            f"  {compared}, this GRU {first.recall.estimate:.3f}{beaten}",
            f"Every figure below was measured on the .tflite in {demo.runtime}, on this machine, one thread.",
            "",
            results_table(demo.results, style, columns=columns),
            "",
            f"p50 and p95 are of one user a call, of which the harness itself takes {overhead}.",
            "",
            f"bundle  {demo.bundle}",
            f"report  {demo.report}",
            "",
            "Next:",
            f"  {program} check --config {from_here(demo.folder / FILE_NAME)}",
            f"  {program} evaluate {bundle} --user 7 --beside {float32}",
            f"  {program} inspect {bundle}",
        )
    )


def results_table(results: Sequence[Result], style: Style = PLAIN, *, columns: int = WIDEST) -> str:
    """One row a recipe; two tables, of what ships and of how it runs, where one would be wider than `columns`."""
    whole = _painted([*SHIPPED, *RUN], results, style)
    if len(whole.splitlines()[0]) <= columns:
        return whole
    return f"{_painted(SHIPPED, results, style)}\n\n{_painted([SHIPPED[0], *RUN], results, style)}"


def _painted(columns: Sequence[_Column], results: Sequence[Result], style: Style) -> str:
    header = [column.title.format(k=results[0].k) for column in columns]
    rows = [[column.cell(each) for column in columns] for each in results]
    right = [index for index, column in enumerate(columns) if column.right]
    first, *lines = table(header, rows, right=right).splitlines()
    if columns[-1] is RUN[-1]:  # painted after it is aligned: a colour has letters too, and no width
        lines = [_paint(line, each, style) for line, each in zip(lines, results, strict=True)]
    return "\n".join((first, *lines))


def _paint(line: str, each: Result, style: Style) -> str:
    return line.removesuffix(_word(each)) + style.paint(_word(each), GREEN if each.verdict else RED)


def demo_json(demo: Demo) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "runtime": demo.runtime,
        "baselines": demo.baselines,
        "bundle": str(demo.bundle),
        "report": str(demo.report),
        "results": [{**vars(each), "recall": vars(each.recall), "kept": vars(each.kept)} for each in demo.results],
    }
