"""Programs run as children that never outlive their parent's interest: time limit, Ctrl-C, their own children too."""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import IO

from edgerec import system
from edgerec.progress import Progress, silent

KEPT_LINES = 200


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (minus the signal when one killed it) and the last lines it wrote on stderr."""

    code: int
    lines: tuple[str, ...]
    timed_out: bool

    @property
    def signal_name(self) -> str | None:
        """Name of the signal that killed the child, None when it ended by itself."""
        return system.signal_name(self.code)


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    time_limit_s: float | None = None,
    held: Sequence[int] = (),
    on_line: Progress = silent,
) -> Ended:
    """Run a program, without input and without its stdout, until it ends or the time limit ends it.

    Raises OSError when it cannot start.
    `held` are descriptors that it keeps open, and with them a lock.
    `on_line` is called with each line of its stderr, from another thread.
    """
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=None if environment is None else dict(environment),
        pass_fds=held if os.name == "posix" else (),
        start_new_session=True,  # so that all it starts can be ended with it
    )

    def follow(stream: IO[str]) -> None:
        with stream:
            for line in stream:
                lines.append(line.rstrip())
                on_line(lines[-1])

    reader = Thread(target=follow, args=(process.stderr,), daemon=True)
    timed_out = False
    try:
        reader.start()
        process.wait(time_limit_s)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        _end(process)
        reader.join(timeout=5)
    return Ended(process.returncode, tuple(lines), timed_out)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill the child and whatever it started, if any of it is still there."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
