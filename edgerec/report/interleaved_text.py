"""Two models timed in turns, as text and as JSON."""

from edgerec.interleaving import Interleaved
from edgerec.report.console import BOLD, GREEN, PLAIN, RED, YELLOW, Style, table, visible
from edgerec.report.quantities import duration
from edgerec.speed_ratio import CONFIDENCE, MARGIN

JSON_VERSION = 1
_COLOURS = {"slower": RED, "faster": GREEN, "no different": GREEN, "inconclusive": YELLOW}


def interleaved_text(found: Interleaved, style: Style = PLAIN) -> str:
    """Give both sides' figures, the ratio with its interval, and what it tells."""
    rows = []
    for side, reports in (("old", found.old), ("new", found.new)):
        medians = sorted(report.latency.p(50) for report in reports if report.latency is not None)
        calls = sum(len(calls) for calls in found.calls_ns(side))  # type: ignore[arg-type]
        middle = medians[len(medians) // 2]
        rows.append((side, str(len(reports)), f"{calls:,}", *map(duration, (middle, medians[0], medians[-1]))))
    ratio, outcome = found.ratio, found.outcome
    header = ("", "processes", "calls", "p50", "least", "most")
    lines = [
        style.paint("latency, in turns", BOLD),
        table(header, rows, right=(1, 2, 3, 4, 5), indent="  "),
        f"  new / old {ratio.estimate:.3f}, {100 * CONFIDENCE:.0f} % interval {ratio.low:.3f} to {ratio.high:.3f}",
        f"  {style.paint(_SENTENCES[outcome], _COLOURS[outcome])}",
    ]
    warnings = dict.fromkeys(warning for report in (*found.old, *found.new) for warning in report.warnings)
    return "\n".join([*lines, *(style.paint(f"warning: {visible(warning)}", YELLOW) for warning in warnings)])


def interleaved_json(found: Interleaved) -> dict[str, object]:
    """Give the ratio, what it tells, and every raw call, process by process."""
    ratio = found.ratio
    return {
        "version": JSON_VERSION,
        "outcome": found.outcome,
        "ratio": {"estimate": ratio.estimate, "low": ratio.low, "high": ratio.high, "confidence": CONFIDENCE},
        "margin": MARGIN,
        "old": {"model_sha256": found.old[0].model_sha256, "calls_ns": found.calls_ns("old")},
        "new": {"model_sha256": found.new[0].model_sha256, "calls_ns": found.calls_ns("new")},
    }


_WITHIN = f"{100 * MARGIN:.0f} %"
_SENTENCES = {
    "slower": f"slower: the new model takes more than {_WITHIN} longer",
    "faster": f"faster: the new model takes more than {_WITHIN} less",
    "no different": f"no different: the two are within {_WITHIN} of each other",
    "inconclusive": f"inconclusive: the interval holds both less and more than {_WITHIN}; ask for more --processes",
}
