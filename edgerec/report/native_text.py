"""What benchmark_model said of a model, beside what the harness measured on the same device."""

from device_tests.record import to_json
from edgerec.report.console import BOLD, PLAIN, Style, table
from edgerec.report.device_figures import DeviceFigures
from edgerec.report.quantities import duration, size
from edgerec.targets.native import NativeFigures


def native_text(native: NativeFigures, figures: DeviceFigures, style: Style = PLAIN) -> str:
    """Give both programs' figures as one table; what either did not say is left empty."""
    ours, memory = figures.latency, figures.memory
    deviation = "" if native.deviation_ns is None else f" +- {duration(native.deviation_ns)}"
    mean = f"{duration(native.average_ns)}{deviation}"
    rows = [
        ("load", duration(native.init_ns), duration(ours.load_ns) if ours else ""),
        ("first call", _time(native.first_ns), duration(ours.first_ns) if ours else ""),
        ("warm call", f"{mean} (mean)", f"{duration(ours.p50_ns)} (p50)" if ours else ""),
        ("grown by, after load", _bytes(native.init_bytes), _bytes(memory.private_load) if memory else ""),
        ("grown by, after all calls", _bytes(native.overall_bytes), _bytes(memory.private_run) if memory else ""),
        ("peak", _bytes(native.peak_bytes), _bytes(memory.peak) if memory else ""),
    ]
    header = ("native", "benchmark_model", "edgerec")
    body = table(header, [row for row in rows if any(row[1:])], right=(1, 2), indent="  ")
    note = "  benchmark_model draws random ids below 100 and counts all memory; edgerec's are the users' and private"
    return f"\n{style.paint('native', BOLD)}\n{body}\n{note}"


def native_json(native: NativeFigures | None) -> dict[str, object]:
    """Give benchmark_model's figures as plain JSON values, nothing where it was not run."""
    return {} if native is None else {"native": to_json(native)}


def _time(count: int | None) -> str:
    return "" if count is None else duration(count)


def _bytes(count: int | None) -> str:
    return "" if count is None else size(count)
