"""Who measured: read from a system that tells, and from one that does not."""

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from device_tests import board, report
from device_tests.runtime import Runtime

RUNTIME = Runtime("tflite-runtime", "2.14.0", None)


def test_a_board_is_what_its_system_tells(tmp_path: Path) -> None:
    files = {"proc/cpuinfo": "model name\t: Cortex-A72\n", "proc/meminfo": "MemTotal: 2048 kB\n"}
    frequency = "sys/devices/system/cpu/cpu0/cpufreq"
    files |= {f"{frequency}/scaling_governor": "schedutil\n", f"{frequency}/scaling_cur_freq": "1500000\n"}
    for name, text in {**files, "sys/class/thermal/thermal_zone0/temp": "52500\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = board.describe(RUNTIME, 3, tmp_path)
    assert (found.cpu, found.governor, found.frequency_khz) == ("Cortex-A72", "schedutil", 1_500_000)
    assert (found.temperature_c, found.memory_bytes, found.threads) == (52.5, 2048 * 1024, 3)
    assert (found.runtime, found.runtime_version) == ("tflite-runtime", "2.14.0")
    assert found.cores >= 1


def test_what_its_system_does_not_tell_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "")
    found = board.describe(RUNTIME, 1, tmp_path)
    assert found.cpu == "unknown"
    assert (found.governor, found.frequency_khz, found.temperature_c, found.memory_bytes) == (None, None, None, None)


def test_the_name_of_the_machine_is_not_told(tmp_path: Path) -> None:
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
