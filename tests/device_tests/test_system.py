"""What the system tells: read from one that tells, from one that does not, and from the one that this runs on."""

import mmap
import os
import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from device_tests import system
from device_tests.system import Resident

SMAPS = """\
5581-5582 r-xp 00001000 fe:01 1234   /usr/bin/python3.11
Rss:                 100 kB
Pss:                  50 kB
Private_Clean:        60 kB
Private_Dirty:         0 kB
VmFlags: rd ex mr mw me sd
5583-5584 rw-p 00000000 00:00 0      [heap]
Rss:                  40 kB
Private_Clean:         1 kB
Private_Dirty:        32 kB
Private_Hugetlb:       4 kB
7f00-7f01 rw-p 00000000 00:00 0
Rss:                   8 kB
Private_Clean:         0 kB
Private_Dirty:         8 kB
7f02-7f03 r--s 00000000 fe:01 99     /tmp/model.tflite (deleted)
Rss:                   7 kB
Private_Clean:         7 kB
Private_Dirty:         0 kB
"""
FREQUENCY = "sys/devices/system/cpu/cpu0/cpufreq"
TOLD = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Cortex-A72\nflags\t: fp\n",
    "proc/meminfo": "MemTotal:        2048 kB\nMemFree: 1 kB\nMemAvailable:  512 kB\n",
    "proc/loadavg": "0.31 0.20 0.10 1/99 1234\n",
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
    "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "0\n",
    "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
    "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    f"{FREQUENCY}/scaling_governor": "schedutil\n",
    f"{FREQUENCY}/scaling_cur_freq": "1500000\n",
    "sys/class/thermal/thermal_zone0/temp": "41000\n",
    "sys/class/thermal/thermal_zone1/temp": "52500\n",
    "sys/class/thermal/thermal_zone2/temp": "none\n",
    "proc/self/smaps": SMAPS,
    "proc/self/maps": "".join(line for line in SMAPS.splitlines(keepends=True) if " kB" not in line),
    "proc/self/status": "Name: x\nVmPeak:  9 kB\nVmHWM:\t   123 kB\n",
    "proc/self/clear_refs": "",
}
linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the system that this runs on")


def told(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_system_that_tells(tmp_path: Path) -> None:
    root = told(tmp_path, TOLD)
    assert system.cpu_model(root) == "Cortex-A72"
    assert system.memory_bytes(root) == 2048 * 1024
    assert system.governor(root) == "schedutil"
    assert system.frequency_khz(root) == 1_500_000
    assert system.temperature_c(root) == 52.5
    assert system.peak_bytes(root) == 123 * 1024
    assert system.available_bytes(root) == 512 * 1024
    assert system.load(root) == 0.31
    assert system.under_voltage(root) is True
    assert system.throttled(root) == 0x50005


def test_an_alarm_of_another_chip_is_no_under_voltage(tmp_path: Path) -> None:
    files = {name: text for name, text in TOLD.items() if "hwmon" in name}
    alarm = "sys/class/hwmon/hwmon1/in0_lcrit_alarm"
    assert system.under_voltage(told(tmp_path, {**files, alarm: "0\n"})) is False
    (tmp_path / "sys/class/hwmon/hwmon1/name").write_text("other")
    assert system.under_voltage(tmp_path) is None


def test_anonymous_memory_is_private_and_files_are_mapped(tmp_path: Path) -> None:
    assert system.resident(told(tmp_path, TOLD)) == Resident(private=45 * 1024, mapped=107 * 1024)


@pytest.mark.parametrize(
    ("file", "cpu"),
    [("proc/cpuinfo", "Hardware\t: BCM2711\nmodel names: x\n"), ("proc/device-tree/model", "BCM2711\0")],
)
def test_the_cpu_is_told_in_several_ways(file: str, cpu: str, tmp_path: Path) -> None:
    assert system.cpu_model(told(tmp_path, {file: cpu})) == "BCM2711"


@pytest.mark.parametrize(
    "files",
    [
        {},
        dict.fromkeys(TOLD, ""),
        {
            name: text.replace("temp", "").replace(":", "=").replace("0.31", "x")
            for name, text in TOLD.items()
            if name.startswith("proc")
        },
        {"proc/meminfo": "MemTotal: 0 kB\n", "proc/self/status": "VmHWM: 0 kB\n"},
    ],
    ids=["no files", "empty files", "other words", "zeros"],
)
def test_what_the_system_does_not_tell_is_none_and_never_0(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "")
    root = told(tmp_path, files)
    asked = (
        system.cpu_model,
        system.memory_bytes,
        system.governor,
        system.frequency_khz,
        system.temperature_c,
        system.resident,
        system.peak_bytes,
        system.available_bytes,
        system.load,
        system.under_voltage,
        system.throttled,
    )
    assert {ask.__name__: ask(root) for ask in asked} == dict.fromkeys(ask.__name__ for ask in asked)
    system.restart_peak(root)


def test_the_peak_is_asked_to_start_again(tmp_path: Path) -> None:
    system.restart_peak(told(tmp_path, TOLD))
    assert (tmp_path / "proc/self/clear_refs").read_text() == "5"


@linux
def test_the_machine_that_this_runs_on_has_memory_and_a_processor() -> None:
    assert system.memory_bytes() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert system.cpu_model()


@linux
def test_the_pages_that_are_touched_first_are_minor_faults() -> None:
    pages = 1000
    with mmap.mmap(-1, pages * mmap.PAGESIZE) as fresh:
        fresh.madvise(mmap.MADV_NOHUGEPAGE)
        before = system.page_faults()
        for page in range(pages):
            fresh[page * mmap.PAGESIZE] = 1
        after = system.page_faults()
    assert pages <= after.minor - before.minor < 1.5 * pages
    assert after.major >= before.major


@linux
def test_the_machine_that_this_runs_on_has_a_load_and_free_memory() -> None:
    assert system.load() >= 0
    assert 0 < system.available_bytes() < system.memory_bytes()


@linux
def test_an_array_is_private_growth() -> None:
    before = system.resident()
    kept = np.ones(1 << 23)
    after = system.resident()
    assert 0.95 * kept.nbytes < after.private - before.private < 1.1 * kept.nbytes
    assert after.mapped - before.mapped < 1 << 20


@linux
def test_a_mapped_file_is_mapped_growth(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1 << 24))
    with (tmp_path / "file").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        before = system.resident()
        assert sum(mapped[:: mmap.PAGESIZE]) == 0
        after = system.resident()
    assert 0.9 * (1 << 24) < after.mapped - before.mapped < 1.2 * (1 << 24)
    assert after.private - before.private < 1 << 20


@linux
def test_the_peak_starts_again() -> None:
    kept = np.ones(1 << 24)
    high = system.peak_bytes()
    del kept
    system.restart_peak()
    assert system.peak_bytes() < high - (1 << 26)
