"""Who measured: the machine, as far as it tells, and whether it was quiet."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Optional

import numpy as np

from device_tests import system
from device_tests.report import Board

if TYPE_CHECKING:
    from pathlib import Path

    from device_tests.runtime import Runtime

_BUSY = 0.5  # load average a core from which a machine is not quiet


def describe(runtime: Runtime, threads: int, root: Path = system.ROOT) -> Board:
    """Return the machine that this runs on; what it does not tell is None, or "unknown" for the CPU."""
    return Board(
        machine=platform.machine(),
        system=platform.system(),
        release=platform.release(),
        cpu=system.cpu_model(root) or "unknown",
        cores=os.cpu_count() or 1,
        governor=system.governor(root),
        frequency_khz=system.frequency_khz(root),
        temperature_c=system.temperature_c(root),
        load=_load(),
        memory_bytes=system.memory_bytes(root),
        python=platform.python_version(),
        numpy=np.__version__,
        runtime=runtime.name,
        runtime_version=runtime.version,
        threads=threads,
    )


def warnings(board: Board) -> list[str]:
    """Return why times taken on this machine now may not repeat."""
    found = []
    if board.load is not None and board.load > _BUSY * board.cores:
        found.append(f"the machine was not quiet: load average {board.load:.2f} on {board.cores} cores")
    if board.governor not in (None, "performance"):
        found.append(f"the CPU frequency governor is {board.governor}: times vary with the clock")
    return found


def _load() -> Optional[float]:
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None
