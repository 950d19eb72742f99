"""Results of several recipes as one table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from device_tests.record import to_json
from edgerec.config import FILE_NAME
from edgerec.demo import Demo, Failed
from edgerec.program import from_here
from edgerec.report.console import GREEN, PLAIN, RED, WIDEST, Style, pairs, table, visible
from edgerec.report.halves_text import halves_text, halves_title
from edgerec.report.quantities import duration, share, size
from edgerec.results import Result
from edgerec.statistics import Interval


@dataclass(frozen=True)
class _Column:
    """A column of results: its title, with `{k}` for the length of the lists, and the cell of one result."""

    title: str
    cell: Callable[[Result], str]
    right: bool = True


def _word(each: Result | Failed) -> str:
    if isinstance(each, Failed):
        return "failed"
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
            results_table(demo.results, demo.failed, style, columns=columns),
            *_halves(demo.results),
            *(("", *(visible(f"{one.recipe}: {one.why}") for one in demo.failed)) if demo.failed else ()),
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


def results_table(
    results: Sequence[Result], failed: Sequence[Failed] = (), style: Style = PLAIN, *, columns: int = WIDEST
) -> str:
    """One row a recipe, the failed ones last; two tables where one would be wider than `columns`.

    Then the first is of what ships, where a failed recipe has nothing to show, and the second of how it runs.
    """
    whole = _painted([*SHIPPED, *RUN], results, failed, style)
    if len(whole.splitlines()[0]) <= columns:
        return whole
    return f"{_aligned(SHIPPED, results)}\n\n{_painted([SHIPPED[0], *RUN], results, failed, style)}"


def _painted(columns: Sequence[_Column], results: Sequence[Result], failed: Sequence[Failed], style: Style) -> str:
    """Give a table that ends in verdicts, painted after it is aligned: a colour has letters too, and no width."""
    header, *lines = _aligned(columns, results, failed).splitlines()
    shown: list[Result | Failed] = [*results, *failed]
    painted = (_paint(line, each, style) for line, each in zip(lines, shown, strict=True))
    return "\n".join((header, *painted))


def _aligned(columns: Sequence[_Column], results: Sequence[Result], failed: Sequence[Failed] = ()) -> str:
    header = [column.title.format(k=results[0].k) for column in columns]
    rows = [[column.cell(each) for column in columns] for each in results]
    rows += [[each.recipe, *[""] * (len(columns) - 2), _word(each)] for each in failed]
    return table(header, rows, right=[index for index, column in enumerate(columns) if column.right])


def _halves(results: Sequence[Result]) -> list[str]:
    """Give a line a recipe, of its hit rates among candidates; none where no candidates were drawn."""
    told = [each for each in results if each.halves]
    if not told:
        return []
    rows = [(each.recipe, halves_text(each.halves)) for each in told]
    return ["", halves_title(told[0].negatives, told[0].k), pairs(rows)]


def _paint(line: str, each: Result | Failed, style: Style) -> str:
    good = isinstance(each, Result) and each.verdict
    return line.removesuffix(_word(each)) + style.paint(_word(each), GREEN if good else RED)


def demo_json(demo: Demo) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "runtime": demo.runtime,
        "baselines": demo.baselines,
        "bundle": str(demo.bundle),
        "report": str(demo.report),
        "failed": [vars(each) for each in demo.failed],
        "results": [to_json(each) for each in demo.results],
    }
