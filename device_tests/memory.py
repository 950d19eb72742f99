"""Memory of this process as Linux tells it, private and file-mapped apart; what a system does not tell is None."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from device_tests.errors import ModelError
from device_tests.report import Memory
from device_tests.runtime import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from device_tests.model import Array, Model

SELF = Path("/proc/self")
_KIB = 1024
_MAPPING = re.compile(rb"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+)")
_FIELD = re.compile(rb"(Rss|Private_Clean|Private_Dirty|Private_Hugetlb): +(\d+) kB")
_PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Resident:
    """Bytes resident now: private anonymous memory, and pages of mapped files."""

    private: int
    mapped: int


def resident(process: Path = SELF) -> Optional[Resident]:
    """Return what smaps says of a process, None where there is no such file."""
    try:
        with (process / "smaps").open("rb") as lines:
            return _sum(lines)
    except OSError:
        return None


def peak(process: Path = SELF) -> Optional[int]:
    """Return the most bytes that were ever resident (VmHWM), None where the system does not tell."""
    try:
        match = _PEAK.search((process / "status").read_bytes())
    except OSError:
        return None
    return int(match[1]) * _KIB if match else None


def settle() -> None:
    """Give freed memory back to the system, where the C library can, or growth into it would not be seen."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def restart_peak(process: Path = SELF) -> None:
    """Let the peak count from now, where the system allows it."""
    try:
        (process / "clear_refs").write_bytes(b"5")
    except OSError:
        return


def measure(open_model: Callable[[], Model], draw: Callable[[Model], Sequence[list[Array]]]) -> Memory:
    """Return by how many bytes the process grows when the model is opened and called with what `draw` gives.

    The runtime is imported before. Raises ModelError when the runtime fails.
    """
    settle()
    restart_peak()
    before = resident()
    model = open_model()
    loaded = resident()
    values = draw(model)
    drawn = resident()
    try:
        for each in values:
            model.call.put(each)
            model.call.invoke()
            model.call.take()
    except (ValueError, RuntimeError) as why:
        raise ModelError(f"{model.runtime.name} fails on one row: {one_line(why)}") from None
    ran = resident()
    if before is None or loaded is None or drawn is None or ran is None:
        return Memory(None, None, None, None, peak(), len(values))
    return Memory(
        private_load=loaded.private - before.private,
        private_run=ran.private - before.private - (drawn.private - loaded.private),
        mapped_load=loaded.mapped - before.mapped,
        mapped_run=ran.mapped - before.mapped,
        peak=peak(),
        calls=len(values),
    )


def _sum(lines: Iterable[bytes]) -> Optional[Resident]:
    private = mapped = 0
    found = of_file = False
    for line in lines:
        field = _FIELD.match(line)
        if field is None:
            mapping = _MAPPING.match(line)
            of_file = mapping[1] != b"0" if mapping else of_file
        elif of_file and field[1] == b"Rss":
            mapped += int(field[2])
        elif not of_file and field[1] != b"Rss":
            private += int(field[2])
        found = found or field is not None
    return Resident(private * _KIB, mapped * _KIB) if found else None
