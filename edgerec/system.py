"""What each system does its own way: tags of wheels, processors to use, names of signals, locks between processes."""

import os
import shutil
import signal
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def python_tag() -> str:
    """Return the tag that wheels give this Python, such as `cp311`."""
    name = {"cpython": "cp", "pypy": "pp"}.get(sys.implementation.name, sys.implementation.name)
    return f"{name}{sys.version_info.major}{sys.version_info.minor}"


def platform_tag() -> str:
    """Return system and machine as wheels spell them, such as `linux_x86_64`."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def environment_python(environment: Path) -> Path:
    """Return where the Python of a virtual environment lies."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def cores() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def signal_name(code: int) -> str | None:
    """Return the name of the signal that ended a child with this exit code, None when it ended by itself."""
    if code >= 0:
        return None
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def free_disk_bytes(path: Path) -> int | None:
    """Return what this user may still write on the disk of `path` or of its nearest existing parent."""
    existing = next((folder for folder in (path, *path.parents) if folder.exists()), None)
    return None if existing is None else shutil.disk_usage(existing).free


def _nothing() -> None:
    pass


@contextmanager
def locked(path: Path, *, waiting: Callable[[], None] = _nothing) -> Iterator[int]:
    """Hold `path` locked against other processes, waiting for a turn, and give the descriptor that holds the lock.

    `waiting` is called where there is a wait. The system frees the lock when every process that has the descriptor is
    gone, also when they are killed.
    """
    with path.open("a+b") as file:
        if not _taken(file):
            waiting()
            _lock(file)
        yield file.fileno()


if sys.platform == "win32":
    import msvcrt
    import time

    def _taken(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _lock(file: IO[bytes]) -> None:
        while not _taken(file):
            time.sleep(0.1)

else:
    import fcntl

    def _taken(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
