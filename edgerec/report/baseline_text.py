"""What moved in the baseline, one line a figure."""

from collections.abc import Sequence

from edgerec.gate.limit_kind import limit_kind
from edgerec.gate.ratchet import TENSORS, Moved
from edgerec.report.console import visible
from edgerec.report.quantities import amount


def moved_text(moved: Sequence[Moved]) -> str:
    """Say every figure that was taken up and what it took the place of, or that nothing moved."""
    if not moved:
        return "the baseline is as it was"
    return "\n".join(f"baseline: {visible(_line(one))}" for one in moved)


def _line(moved: Moved) -> str:
    unit = "bytes" if moved.name == TENSORS else limit_kind(moved.name).unit
    on = f" on {moved.measurer}" if moved.measurer else ""
    after = amount(moved.after, unit)
    change = after if moved.before is None else f"{amount(moved.before, unit)} -> {after}"
    return f"{moved.bundle} {moved.name}{on} {change}"
