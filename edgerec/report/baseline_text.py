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
    return f"{moved.bundle} {moved.name}{on} {_change(moved, unit)}"


def _change(moved: Moved, unit: str) -> str:
    after = amount(moved.after, unit)
    if moved.before is None:
        return after
    before = amount(moved.before, unit)
    if before == after:  # which rounding made of two that differ
        return f"{moved.before:.12g} -> {moved.after:.12g} ({unit})"
    return f"{before} -> {after}"
