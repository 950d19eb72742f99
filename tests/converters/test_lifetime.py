"""A child's end with its parent's."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         start_new_session=True, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
time.sleep(60)
"""
BUSY = """
import os, sys, time
from converters.lifetime import end_with
end_with(os.getppid())
print("busy", flush=True)
while True:  # as a conversion is: it reads no input, and nothing in Python can stop it
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_worker_in_the_middle_of_a_job_dies_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, BUSY],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    pid, busy = parent.stdout.readline().split()
    assert busy == "busy"
    assert not gone(int(pid), 0.2)
    parent.send_signal(signal.SIGKILL)
    assert gone(int(pid), 5)
    parent.communicate()


def gone(pid: int, within_s: float) -> bool:
    """Tell whether a process ends in time; a zombie has ended."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
