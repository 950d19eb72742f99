"""What each system does its own way."""

import subprocess
import sys
from pathlib import Path

from edgerec import system


def test_tags_are_those_that_pip_uses() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pip", "debug", "--verbose"], capture_output=True, text=True, check=True
    ).stdout
    assert f"{system.python_tag()}-{system.python_tag()}-" in told
    assert system.platform_tag() in told


def test_there_is_a_processor_to_use() -> None:
    assert system.cores() >= 1


def test_free_disk_of_a_path_that_is_not_there_is_that_of_its_parent(tmp_path: Path) -> None:
    free = system.free_disk_bytes(tmp_path / "not" / "there")
    assert free is not None
    assert free > 0


def test_the_signal_that_ended_a_child_has_a_name() -> None:
    names = {3: None, 0: None, -11: "SIGSEGV", -9: "SIGKILL", -40: "signal 40"}
    assert {code: system.signal_name(code) for code in names} == names


def test_a_lock_keeps_another_process_out_until_it_is_freed(tmp_path: Path) -> None:
    code = "import sys, pathlib; from edgerec import system\nwith system.locked(pathlib.Path(sys.argv[1])): print('in')"
    with system.locked(tmp_path / "lock"):
        other = subprocess.Popen([sys.executable, "-c", code, tmp_path / "lock"], stdout=subprocess.PIPE, text=True)
        try:
            other.wait(timeout=1)
        except subprocess.TimeoutExpired:
            waited = True
        else:
            waited = False
    assert other.communicate(timeout=30)[0] == "in\n"
    assert waited
