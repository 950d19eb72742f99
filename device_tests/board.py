"""Who measured: the machine, as far as it tells, and whether it was quiet."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import numpy as np

from device_tests.report import Board

if TYPE_CHECKING:
    from device_tests.runtime import Runtime

ROOT = Path("/")
_CPU = re.compile(r"^(?:model name|Hardware|cpu model|Processor)\s*:\s*(.+)$", re.MULTILINE)
_TOTAL = re.compile(r"^MemTotal:\s+(\d+) kB", re.MULTILINE)
_BUSY = 0.5  # load average a core from which a machine is not quiet
_KIB = 1024


def describe(runtime: Runtime, threads: int, root: Path = ROOT) -> Board:
    """Return the machine that this runs on; what it does not tell is None, or "unknown" for the CPU."""
    cpu = root / "sys/devices/system/cpu/cpu0/cpufreq"
    memory = _TOTAL.search(_text(root / "proc/meminfo") or "")
    return Board(
        machine=platform.machine(),
        system=platform.system(),
        release=platform.release(),
        cpu=_cpu(root),
        cores=os.cpu_count() or 1,
        governor=_text(cpu / "scaling_governor"),
        frequency_khz=_number(cpu / "scaling_cur_freq"),
        temperature_c=_temperature(root),
        load=_load(),
        memory_bytes=int(memory[1]) * _KIB if memory else None,
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


def _cpu(root: Path) -> str:
    match = _CPU.search(_text(root / "proc/cpuinfo") or "")
    if match:
        return match[1].strip()
    return (_text(root / "proc/device-tree/model") or "").strip("\0") or platform.processor() or "unknown"


def _temperature(root: Path) -> Optional[float]:
    zones = (root / "sys/class/thermal").glob("thermal_zone*/temp")
    found = [reading for reading in map(_number, zones) if reading is not None]
    return max(found) / 1000 if found else None


def _load() -> Optional[float]:
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def _number(path: Path) -> Optional[int]:
    text = _text(path)
    return int(text) if text and re.fullmatch(r"-?[0-9]+", text) else None


def _text(path: Path) -> Optional[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None
