"""What Linux tells under /proc and /sys of the machine and of this process; None for what a system does not tell."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from device_tests import guest
from device_tests.measurement import Faults

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path("/")
_FREQUENCY = "sys/devices/system/cpu/cpu0/cpufreq"
_PROCESS = "proc/self"
_KIB = 1024
_CPU = re.compile(r"^(?:model name|Hardware|cpu model|Processor)\s*:\s*(.+)$", re.MULTILINE)
_TOTAL = re.compile(r"^MemTotal:\s+(\d+) kB", re.MULTILINE)
_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB", re.MULTILINE)
_LOAD = re.compile(r"(\d+\.\d+) ")
_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_MAPPING = re.compile(rb"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+)")
_FIELD = re.compile(rb"(Rss|Private_Clean|Private_Dirty|Private_Hugetlb): +(\d+) kB")


@dataclass(frozen=True)
class Resident:
    """Bytes resident now: private anonymous memory, and pages of mapped files."""

    private: int
    mapped: int


def cpu_model(root: Path = ROOT) -> Optional[str]:
    """Return the processor's name, or the board's where the processor has none."""
    named = _CPU.search(_text(root / "proc/cpuinfo") or "")
    if named:
        return named[1].strip()
    return (_text(root / "proc/device-tree/model") or "").strip("\0") or platform.processor() or None


def memory_bytes(root: Path = ROOT) -> Optional[int]:
    """Return the bytes of the machine's memory."""
    return _bytes(_TOTAL, root / "proc/meminfo")


def available_bytes(root: Path = ROOT) -> Optional[int]:
    """Return the bytes of memory that are free or that the system would free."""
    return _bytes(_AVAILABLE, root / "proc/meminfo")


def load(root: Path = ROOT) -> Optional[float]:
    """Return the load average of the last minute."""
    told = _LOAD.match(_text(root / "proc/loadavg") or "")
    return float(told[1]) if told else None


def governor(root: Path = ROOT) -> Optional[str]:
    """Return the name of what sets the first processor's frequency."""
    return _text(root / _FREQUENCY / "scaling_governor")


def frequency_khz(root: Path = ROOT) -> Optional[int]:
    """Return the first processor's frequency now."""
    return _number(root / _FREQUENCY / "scaling_cur_freq")


def temperature_c(root: Path = ROOT) -> Optional[float]:
    """Return the temperature of the hottest zone."""
    zones = (root / "sys/class/thermal").glob("thermal_zone*/temp")
    found = [reading for reading in map(_number, zones) if reading is not None]
    return max(found) / 1000 if found else None


def under_voltage(root: Path = ROOT) -> Optional[bool]:
    """Return whether a Raspberry Pi's supply is too low now; its alarm says so on kernels with the driver rpi_volt."""
    alarms = [
        _number(chip / "in0_lcrit_alarm")
        for chip in (root / "sys/class/hwmon").glob("hwmon*")
        if _text(chip / "name") == "rpi_volt"
    ]
    found = [alarm for alarm in alarms if alarm is not None]
    return any(found) if found else None


def throttled(root: Path = ROOT) -> Optional[int]:
    """Return the bits in which a Raspberry Pi's firmware says that it holds itself back, and why."""
    text = _text(root / _THROTTLED)
    return int(text, 16) if text and re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", text) else None


def resident(root: Path = ROOT) -> Optional[Resident]:
    """Return what this process has in memory now, without what an emulator beneath it has."""
    process = root / _PROCESS
    try:
        with (process / "maps").open("rb") as maps:
            return _sum(guest.own_lines(maps, lambda: _lines(process / "smaps")))
    except OSError:
        return None


def peak_bytes(root: Path = ROOT) -> Optional[int]:
    """Return the most bytes that this process ever had in memory (VmHWM)."""
    return _bytes(_PEAK, root / _PROCESS / "status")


def page_faults() -> Optional[Faults]:
    """Return the page faults of this process so far (getrusage)."""
    if resource is None:
        return None
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Faults(used.ru_minflt, used.ru_majflt)


def restart_peak(root: Path = ROOT) -> None:
    """Let the peak count from now, where the system allows it."""
    try:
        (root / _PROCESS / "clear_refs").write_bytes(b"5")
    except OSError:
        return


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        yield from lines


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


def _bytes(pattern: re.Pattern[str], path: Path) -> Optional[int]:
    told = pattern.search(_text(path) or "")
    return int(told[1]) * _KIB if told and int(told[1]) else None


def _number(path: Path) -> Optional[int]:
    text = _text(path)
    return int(text) if text and re.fullmatch(r"-?[0-9]+", text) else None


def _text(path: Path) -> Optional[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None
