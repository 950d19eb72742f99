"""Who measured: the machine and the runtime, as far as they tell."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

import numpy as np

from device_tests import system
from device_tests.report import Board

if TYPE_CHECKING:
    from pathlib import Path

    from device_tests.runtime import Runtime


def describe(runtime: Runtime, threads: int, root: Path = system.ROOT) -> Board:
    """Return the machine that this runs on; what it does not tell is None, or "unknown" for the CPU."""
    return Board(
        machine=platform.machine(),
        system=platform.system(),
        release=platform.release(),
        cpu=system.cpu_model(root) or "unknown",
        cores=os.cpu_count() or 1,
        memory_bytes=system.memory_bytes(root),
        python=platform.python_version(),
        numpy=np.__version__,
        runtime=runtime.name,
        runtime_version=runtime.version,
        threads=threads,
    )
