"""A process that ends with its parent, whatever ends that."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with(parent: int) -> None:
    """Have the system kill this process when the thread that started it ends: what it does cannot be asked to stop.

    `parent` is the process of that thread. Nothing happens but on Linux.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that
        raise SystemExit(1)
