"""Who measured: read from a system that tells, and from one that does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from device_tests import board, report
from device_tests.runtime import Runtime

RUNTIME = Runtime("tflite-runtime", "2.14.0", None)


def system(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


FREQUENCY = "sys/devices/system/cpu/cpu0/cpufreq"
TOLD = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Cortex-A72\nflags\t: fp\n",
    "proc/meminfo": "MemTotal:        2048 kB\nMemFree: 1 kB\n",
    f"{FREQUENCY}/scaling_governor": "schedutil\n",
    f"{FREQUENCY}/scaling_cur_freq": "1500000\n",
    "sys/class/thermal/thermal_zone0/temp": "41000\n",
    "sys/class/thermal/thermal_zone1/temp": "52500\n",
    "sys/class/thermal/thermal_zone2/temp": "none\n",
}


def test_a_system_that_tells(tmp_path: Path) -> None:
    found = board.describe(RUNTIME, 3, system(tmp_path, TOLD))
    assert (found.cpu, found.governor, found.frequency_khz) == ("Cortex-A72", "schedutil", 1_500_000)
    assert (found.temperature_c, found.memory_bytes, found.threads) == (52.5, 2048 * 1024, 3)
    assert (found.runtime, found.runtime_version) == ("tflite-runtime", "2.14.0")
    assert found.cores >= 1


@pytest.mark.parametrize(
    ("file", "cpu"), [("proc/cpuinfo", "Hardware\t: BCM2711\n"), ("proc/device-tree/model", "BCM2711\0")]
)
def test_the_cpu_is_told_in_several_ways(file: str, cpu: str, tmp_path: Path) -> None:
    assert board.describe(RUNTIME, 1, system(tmp_path, {file: cpu})).cpu == "BCM2711"


def test_a_system_that_does_not_tell(tmp_path: Path) -> None:
    found = board.describe(RUNTIME, 1, tmp_path)
    assert found.cpu
    assert (found.governor, found.frequency_khz, found.temperature_c, found.memory_bytes) == (None, None, None, None)


def test_the_name_of_the_machine_is_not_told(tmp_path: Path) -> None:
    import platform

    assert platform.node() not in report.record.dumps(board.describe(RUNTIME, 1)).split('"')


@pytest.mark.parametrize(
    ("load", "governor", "said"),
    [
        (0.9, "performance", []),
        (None, None, []),
        (1.1, None, ["the machine was not quiet: load average 1.10 on 2 cores"]),
        (0.1, "powersave", ["the CPU frequency governor is powersave: times vary with the clock"]),
    ],
)
def test_a_machine_that_is_not_quiet_is_said(
    load: float | None, governor: str | None, said: list[str], tmp_path: Path
) -> None:
    found = replace(board.describe(RUNTIME, 1, tmp_path), cores=2, load=load, governor=governor)
    assert board.warnings(found) == said
