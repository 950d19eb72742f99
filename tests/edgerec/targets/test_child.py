"""Real programs as children."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from edgerec.targets import child


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def gone(pid: int) -> bool:
    """Wait until the process is no more, a few seconds at most."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_the_exit_code_and_the_lines_of_stderr_come_back() -> None:
    heard: list[str] = []
    ended = child.run(
        python("import sys; print('out'); print('one\\ntwo', file=sys.stderr); sys.exit(3)"), on_line=heard.append
    )
    assert ended == child.Ended(3, ("one", "two"), timed_out=False)
    assert ended.signal_name is None
    assert heard == ["one", "two"]


def test_only_the_last_lines_are_kept() -> None:
    ended = child.run(python("import sys\nfor i in range(1000): print(i, file=sys.stderr)"))
    assert ended.lines[-1] == "999"
    assert len(ended.lines) == child.KEPT_LINES


def test_stderr_that_is_no_text_does_no_harm() -> None:
    assert child.run(python("import os; os.write(2, b'a\\xff\\n')")).lines == ("a\ufffd",)


def test_a_child_reads_no_input() -> None:
    assert child.run(python("import sys; sys.exit(len(sys.stdin.read()))")).code == 0


def test_the_signal_that_killed_a_child_has_a_name() -> None:
    assert child.run(python("import os; os.kill(os.getpid(), 11)")).signal_name == "SIGSEGV"


def test_the_time_limit_ends_the_child_and_what_it_started() -> None:
    ended = child.run(
        python(
            """
            import subprocess, sys, time
            other = subprocess.Popen(["sleep", "600"])
            print(other.pid, file=sys.stderr, flush=True)
            time.sleep(600)
            """
        ),
        time_limit_s=2,
    )
    assert ended.timed_out
    assert ended.signal_name == "SIGKILL"
    assert gone(int(ended.lines[0]))


def test_ctrl_c_ends_the_child() -> None:
    parent = subprocess.Popen(
        python(
            """
            import sys
            from edgerec.targets import child
            code = "import os, sys, time; print(os.getpid(), file=sys.stderr, flush=True); time.sleep(600)"
            child.run([sys.executable, "-c", code], on_line=lambda line: print(line, flush=True))
            """
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGINT)
    _, errors = parent.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert gone(pid)


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        child.run(["/no/such/program"])
