"""Two models timed in turns, as text and as JSON."""

from collections import Counter
from typing import TYPE_CHECKING

from device_tests.record import to_json
from edgerec.interleaving import Interleaved, Side
from edgerec.report.console import BOLD, GREEN, PLAIN, RED, YELLOW, Style, table, visible
from edgerec.report.quantities import duration
from edgerec.speed_ratio import CONFIDENCE, FEWEST_PROCESSES, MARGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device_tests.report import DeviceReport

JSON_VERSION = 1
_COLOURS = {"slower": RED, "faster": GREEN, "no different": GREEN, "inconclusive": YELLOW}


def interleaved_text(found: Interleaved, style: Style = PLAIN) -> str:
    """Give both sides' figures, the ratio with its interval, and what it tells."""
    rows = []
    sides: tuple[tuple[Side, tuple[DeviceReport, ...]], ...] = (("old", found.old), ("new", found.new))
    for side, reports in sides:
        if not reports:
            continue
        medians = sorted(report.latency.p(50) for report in reports if report.latency is not None)
        calls = sum(map(len, found.calls_ns(side)))
        middle = medians[len(medians) // 2]
        rows.append((side, str(len(reports)), f"{calls:,}", *map(duration, (middle, medians[0], medians[-1]))))
    header = ("", "processes", "calls", "p50", "least", "most")
    lines = [
        style.paint("latency, in turns", BOLD),
        table(header, rows, right=(1, 2, 3, 4, 5), indent="  "),
        f"  {_ratio(found)}",
        f"  {style.paint(_SENTENCES[found.outcome], _COLOURS[found.outcome])}",
    ]
    return "\n".join([*lines, *(style.paint(f"warning: {visible(line)}", YELLOW) for line in _warnings(found))])


def _ratio(found: Interleaved) -> str:
    ratio = found.ratio
    if ratio is None:
        return f"new / old has no interval of fewer than {FEWEST_PROCESSES} processes each"
    return f"new / old {ratio.estimate:.3f}, {100 * CONFIDENCE:.0f} % interval {ratio.low:.3f} to {ratio.high:.3f}"


def _warnings(found: Interleaved) -> list[str]:
    """Give each kind of warning once, with how many of the processes gave it: their figures differ."""
    reports = (*found.old, *found.new)
    kinds = Counter(warning.partition(":")[0] for report in reports for warning in report.warnings)
    return [f"{kind} (in {times} of {len(reports)} processes)" for kind, times in kinds.items()]


def interleaved_json(found: Interleaved) -> dict[str, object]:
    """Give the ratio, null where there is none, what it tells, and every raw call, process by process."""
    ratio = found.ratio
    return {
        "version": JSON_VERSION,
        "outcome": found.outcome,
        "ratio": None if ratio is None else {**to_json(ratio), "confidence": CONFIDENCE},
        "margin": MARGIN,
        "old": {"model_sha256": _model(found.old), "calls_ns": found.calls_ns("old")},
        "new": {"model_sha256": _model(found.new), "calls_ns": found.calls_ns("new")},
    }


def _model(reports: "Sequence[DeviceReport]") -> str | None:
    return reports[0].model_sha256 if reports else None


_WITHIN = f"{100 * MARGIN:.0f} %"
_SENTENCES = {
    "slower": f"slower: the new model takes more than {_WITHIN} longer",
    "faster": f"faster: the new model takes more than {_WITHIN} less",
    "no different": f"no different: the two are within {_WITHIN} of each other",
    "inconclusive": f"inconclusive: the interval holds both less and more than {_WITHIN}; ask for more --processes",
}
