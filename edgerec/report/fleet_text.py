"""What a fleet gave, as one table and as JSON."""

from collections.abc import Mapping, Sequence

from device_tests.evaluation import Baseline
from device_tests.record import to_json
from device_tests.report import Board, DeviceReport
from edgerec.fleet_rows import FleetRow
from edgerec.report.console import GREEN, PLAIN, RED, YELLOW, Style, table, visible
from edgerec.report.device_figures import figures_of
from edgerec.report.quantities import count, duration, share, size

JSON_VERSION = 1
NOTHING = "-"
_NUMBERS = (4, 5, 6, 7, 8, 9, 10, 11)


def fleet_text(rows: Sequence[FleetRow], style: Style = PLAIN) -> str:
    """Give one row a target, then in a sentence each what failed, what disagrees and what the devices warn of."""
    k = next((one.report.quality.k for one in rows if one.report and one.report.quality), None)
    header = (
        *("target", "machine", "runtime", "golden", "recall" if k is None else f"recall@{k}", "p50", "p95"),
        *("private", "peak", "instructions", "overlap", "equal lists", "agrees"),
    )
    first = next((one for one in rows if one.report is not None), None)
    lines = [table(header, [_cells(one, first) for one in rows], right=_NUMBERS)]
    for row in rows:
        lines += [style.paint(f"{name_of(row)}: {visible(one)}", RED) for one in _faults(row, first)]
    warnings = [(row, one) for row in rows if row.report is not None for one in row.report.warnings]
    lines += [style.paint(f"{name_of(row)}: warning: {visible(one)}", YELLOW) for row, one in warnings]
    compared = [one.agrees for one in rows if one is not first]
    if first is not None and compared and all(compared):
        lines.append(style.paint(f"all agree with {name_of(first)}", GREEN))
    return "\n".join(lines)


def fleet_json(rows: Sequence[FleetRow], float32: Baseline | None, kept: Mapping[str, str]) -> dict[str, object]:
    """Give the rows as plain JSON values; `kept` are the files that hold the reports, by label."""
    return {"version": JSON_VERSION, "targets": [row_json(one, float32, kept) for one in rows]}


def name_of(row: FleetRow) -> str:
    """Give the labels of a row: `qemu:cortex-a53 = qemu:cortex-a72` where they gave the same."""
    return " = ".join(row.labels)


def comparison_cells(row: FleetRow, first: FleetRow | None) -> tuple[str, str, str]:
    """Give overlap, share of equal lists, and whether the row agrees with the first."""
    beside = row.beside
    overlap = (NOTHING, NOTHING) if beside is None else (f"{beside.overlap:.4f}", share(beside.identical_lists))
    if row is first:
        return *overlap, "is the first"
    return *overlap, {True: "yes", False: "NO", None: NOTHING}[row.agrees]


def golden_cell(row: FleetRow) -> str:
    """Give whether golden outputs hold."""
    return {True: "held", False: "NOT HELD", None: NOTHING}[row.golden_held]


def _cells(row: FleetRow, first: FleetRow | None) -> tuple[str, ...]:
    report = row.report
    if report is None:
        return name_of(row), "not measured", *([NOTHING] * 11)
    memory = report.memory
    return (
        name_of(row),
        _machine(report.board),
        f"{report.board.runtime} {report.board.runtime_version}",
        golden_cell(row),
        NOTHING if report.quality is None else share(report.quality.metric("recall", report.quality.k)),
        *_times(report),
        *((NOTHING, NOTHING) if memory is None else (size(memory.private_run), size(memory.peak))),
        NOTHING if report.counts is None else count(max(one.instructions for one in report.counts.invoke)),
        *comparison_cells(row, first),
    )


def _machine(board: Board) -> str:
    return board.machine if board.cpu in ("", "unknown") else f"{board.machine}, {board.cpu}"


def _times(report: DeviceReport) -> tuple[str, str]:
    if report.provenance != "measured":
        return report.provenance, report.provenance
    if report.latency is None or not report.latency.warm_ns:
        return NOTHING, NOTHING
    return duration(report.latency.p(50)), duration(report.latency.p(95))


def _faults(row: FleetRow, first: FleetRow | None) -> list[str]:
    if row.report is None:
        return [row.why]
    found = []
    if row.golden_held is False and row.report.golden is not None:
        found.append(f"golden outputs do not hold: {row.report.golden.reason}")
    if row.agrees is False and first is not None:
        found.append(f"does not agree with {name_of(first)}: {why_apart(row)}")
    return found


def why_apart(row: FleetRow) -> str:
    """Say in what a row does not agree with the first, empty where it does."""
    if row.beside is None or row.beside.agree:
        return row.incomparable
    scores, recall = row.beside.agreement, row.beside.recall_difference
    if scores.largest_difference > scores.tolerance:
        apart = f"{100 * scores.largest_difference:.4f} % of a user's range, {100 * scores.tolerance:g} % allowed"
        return f"scores differ by up to {apart}"
    if not scores.order_held:
        return "lists differ among items whose scores are further apart than the tolerance"
    if not scores.held:
        return f"lists overlap by {scores.overlap:.4f}"
    return f"recall differs by {recall:.4f} over all test users"


def row_json(row: FleetRow, float32: Baseline | None, kept: Mapping[str, str]) -> dict[str, object]:
    """Give a row as plain JSON values, as `fleet_json` does."""
    beside = row.beside
    return {
        "targets": list(row.labels),
        "reports": {label: kept.get(label) for label in row.labels},
        "why": row.why,
        "agrees": row.agrees,
        "apart": why_apart(row),
        "overlap": None if beside is None else beside.overlap,
        "identical_lists": None if beside is None else beside.identical_lists,
        "figures": None if row.report is None else to_json(figures_of(row.report, float32)),
    }
