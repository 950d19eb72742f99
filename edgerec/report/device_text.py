"""What a device said, as text and as JSON."""

from collections.abc import Sequence

from device_tests.measurement import Memory
from device_tests.metrics import HALVES
from device_tests.record import to_json
from device_tests.report import Board, GoldenResult
from edgerec.report.console import BOLD, GREEN, PLAIN, RED, YELLOW, Style, pairs, table, visible
from edgerec.report.counts_text import counts_text
from edgerec.report.device_figures import DeviceFigures, QualityFigures
from edgerec.report.halves_text import halves_text, halves_title
from edgerec.report.quantities import share, size
from edgerec.report.timing_text import conditions_text, count, latency_text, storage_text, sustained_text

JSON_VERSION = 2
SEGMENT_METRICS = ("recall", "ndcg")


def device_text(figures: DeviceFigures, style: Style = PLAIN) -> str:
    """Give the figures of one report as text, part by part; a part that was not run is left out."""
    parts = [_board(figures.board, figures.provenance)]
    if figures.golden is not None:
        parts.append(_titled("golden", _golden(figures.golden, style), style))
    if figures.quality is not None:
        parts.append(_titled("quality", _quality(figures.quality), style))
    if figures.latency is not None:
        parts.append(_titled("latency", latency_text(figures.latency, figures.more_threads), style))
    if figures.sustained is not None:
        parts.append(_titled("sustained", sustained_text(figures.sustained), style))
    if figures.memory is not None:
        parts.append(_titled("memory", _memory(figures.memory), style))
    if figures.counts is not None:
        parts.append(_titled("counts, exact", counts_text(figures.counts), style))
    if figures.storage is not None:
        parts.append(_titled("on disk", storage_text(figures.storage), style))
    if figures.conditions is not None:
        parts.append(_titled("conditions", conditions_text(figures.conditions), style))
    parts += [style.paint(f"warning: {visible(warning)}", YELLOW) for warning in figures.warnings]
    return "\n".join(parts)


def device_json(figures: DeviceFigures, report_path: str | None) -> dict[str, object]:
    """Give the figures as plain JSON values, and where the report with the raw values lies."""
    return {"version": JSON_VERSION, "report": report_path, **to_json(figures)}


def _titled(title: str, body: str, style: Style) -> str:
    return f"\n{style.paint(title, BOLD)}\n{body}"


def _board(board: Board, provenance: str) -> str:
    parts = [
        f"{board.runtime}=={board.runtime_version}, {count(board.threads, 'thread')}",
        f"{board.cpu or board.machine}, {count(board.cores, 'core')}",
        f"{board.system} {board.release}",
        f"Python {board.python}",
    ]
    return f"{provenance}: {visible('; '.join(parts))}"


def _golden(golden: GoldenResult, style: Style) -> str:
    outcome = "held" if golden.held else f"NOT HELD: {golden.reason}"
    difference, tolerance = f"{100 * golden.largest_difference:.4f} %", f"{100 * golden.tolerance:g} %"
    rows = [
        ("outcome", outcome),
        ("against the NumPy decode", f"scores differ by at most {difference} of a user's range, {tolerance} allowed"),
        ("", f"overlap {golden.decoded_overlap:.4f}, {share(golden.identical_lists)} of lists identical"),
        ("against the float32 model", f"overlap {golden.float_overlap:.4f}, {golden.float_overlap_floor:g} promised"),
        ("users", f"{golden.users:,}, {golden.decoded_users:,} of them decoded"),
    ]
    return pairs(rows, style, colours={"outcome": GREEN if golden.held else RED})


def _quality(quality: QualityFigures) -> str:
    rows = [
        (f"{name}@{quality.k}", share(one.estimate), f"{100 * one.low:.1f} to {100 * one.high:.1f} %")
        for name, one in quality.metrics.items()
    ]
    rows.append(
        (f"coverage@{quality.k}", share(quality.coverage), f"of {count(quality.items + quality.dropped, 'item')}")
    )
    lines = [table(("", f"{count(quality.users, 'user')}", "95 % interval"), rows, right=(1,), indent="  ")]
    if quality.segments:
        header = ("segment", *(f"{name}@{quality.k}" for name in SEGMENT_METRICS))
        by_segment = [(name, *(share(one[metric]) for metric in SEGMENT_METRICS)) for name, one in _sorted(quality)]
        lines.append(table(header, by_segment, right=(1, 2), indent="  "))
    if quality.halves:
        lines.append(f"  {halves_title(quality.negatives, quality.k)} {halves_text(quality.halves)}")
    lines.append(f"  {quality.distinct_scores:.0f} of a user's {quality.items} scores are distinct in the mean")
    return "\n".join(lines)


def _sorted(quality: QualityFigures) -> Sequence[tuple[str, dict[str, float]]]:
    order = ("head", "middle", "tail", *HALVES, "short_history", "long_history")
    return sorted(quality.segments.items(), key=lambda one: order.index(one[0]) if one[0] in order else len(order))


def _memory(memory: Memory) -> str:
    rows = [
        ("private, this process alone", size(memory.private_load), size(memory.private_run)),
        ("mapped from files", size(memory.mapped_load), size(memory.mapped_run)),
        ("peak of the process", "", size(memory.peak)),
    ]
    return table(("growth", "by load", f"after {count(memory.calls, 'call')}"), rows, right=(1, 2), indent="  ")
