"""Results of several recipes as one table."""

from collections.abc import Sequence
from typing import Any

from edgerec.demo import Demo
from edgerec.report.console import GREEN, RED, Style, table
from edgerec.report.quantities import duration, share, size
from edgerec.results import Result
from edgerec.statistics import Interval


def demo_text(demo: Demo, style: Style) -> str:
    """What the demo found and what to do next."""
    first = demo.results[0]
    compared = ", ".join(f"{name} {value:.3f}" for name, value in demo.baselines.items())
    return "\n".join(
        (
            f"MovieTweetings, last film of each user held out, hit rate at {first.k}:",
            f"  {compared}, this GRU {first.recall.estimate:.3f}",
            f"Every figure below was measured on the .tflite in {demo.runtime}, on this machine, one thread.",
            "",
            results_table(demo.results, style),
            "",
            f"bundle  {demo.bundle}",
            f"report  {demo.report}",
            "",
            "Next:",
            f"  cd {demo.folder} && edgerec check",
            f"  edgerec evaluate {demo.bundle} --user 7 --beside {demo.folder}/gru-float32.edgerec",
            f"  edgerec inspect {demo.bundle}",
        )
    )


def results_table(results: Sequence[Result], style: Style) -> str:
    """One row a recipe."""
    k = results[0].k
    header = (
        *("recipe", "on disk", "download", "ratio", f"recall@{k} (95 %)", "of float32's", "distinct"),
        *("p50", "p95", "private", "verdict"),
    )
    rows = [
        (
            each.recipe,
            size(each.app_bytes),
            size(each.download_bytes),
            f"{each.ratio:.1f}x",
            _interval(each.recall),
            share(each.kept.estimate),
            f"{each.distinct_scores:.0f}",
            duration(each.p50_ns),
            duration(each.p95_ns),
            size(each.private_bytes),
            "held" if each.verdict else "missed",
        )
        for each in results
    ]
    text = table(header, rows, right=(1, 2, 3, 5, 6, 7, 8, 9))
    lines = [text.splitlines()[0]]
    for line, each in zip(text.splitlines()[1:], results, strict=True):
        word = "held" if each.verdict else "missed"
        lines.append(line.removesuffix(word) + style.paint(word, GREEN if each.verdict else RED))
    return "\n".join(lines)


def demo_json(demo: Demo) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "runtime": demo.runtime,
        "baselines": demo.baselines,
        "bundle": str(demo.bundle),
        "report": str(demo.report),
        "results": [{**vars(each), "recall": vars(each.recall), "kept": vars(each.kept)} for each in demo.results],
    }


def _interval(interval: Interval) -> str:
    return f"{interval.estimate:.3f} ({interval.low:.3f}-{interval.high:.3f})"
