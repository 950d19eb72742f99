"""Who measured: read from a system that tells, and from one that does not."""

import platform
from pathlib import Path

import pytest

from device_tests import board, report
from device_tests.runtime import Runtime

RUNTIME = Runtime("tflite-runtime", "2.14.0", None)


def test_a_board_is_what_its_system_tells(tmp_path: Path) -> None:
    files = {"proc/cpuinfo": "model name\t: Cortex-A72\n", "proc/meminfo": "MemTotal: 2048 kB\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = board.describe(RUNTIME, 3, tmp_path)
    assert (found.cpu, found.memory_bytes, found.threads) == ("Cortex-A72", 2048 * 1024, 3)
    assert (found.runtime, found.runtime_version) == ("tflite-runtime", "2.14.0")
    assert found.cores >= 1


def test_what_its_system_does_not_tell_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "")
    found = board.describe(RUNTIME, 1, tmp_path)
    assert found.cpu == "unknown"
    assert found.memory_bytes is None


def test_the_name_of_the_machine_is_not_told(tmp_path: Path) -> None:
    assert platform.node() not in report.record.dumps(board.describe(RUNTIME, 1)).split('"')
