"""What an emulator counted, as text."""

from device_tests.counts import Count
from edgerec.report.console import table, visible
from edgerec.report.device_figures import CountFigures
from edgerec.report.quantities import count, size


def counts_text(counts: CountFigures) -> str:
    """Give instructions and memory traffic by phase, and how little they differ from call to call."""
    rows = [_row("load", counts.load), _row("first call", counts.first), _row("a call, the median", counts.median)]
    if counts.top_k is not None:
        rows.append(_row("its top k, the median", counts.top_k))
    text = table(("", "instructions", "read", "written"), rows, right=(1, 2, 3), indent="  ")
    spread = f"{count(counts.least.instructions)} to {count(counts.most.instructions)} instructions"
    same = "all alike" if counts.least == counts.most else spread
    return f"{text}\n  {counts.calls} calls of one user each, {same}; ids from: {visible(counts.ids)}"


def _row(name: str, one: Count) -> tuple[str, str, str, str]:
    return name, count(one.instructions), size(one.read_bytes), size(one.written_bytes)
