"""Ctrl-C, a termination or a closed terminal unwinds the program, so that children end and scratch folders go."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn

WORDS: Mapping[str, str] = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}
GRACE_S = 5.0
AGAIN_S = 0.05  # by when a finalizer is over

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


class Interrupted(KeyboardInterrupt):
    """The program was asked to end by a signal."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number
        self.exit_code = 128 + number
        self.word = WORDS[signal.Signals(number).name]


def end_at_once() -> None:
    """Have Ctrl-C end the process with its one line: for the imports, when there is nothing to unwind yet."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        os.write(2, f"{Interrupted(number).word}\n".encode())
        os._exit(Interrupted(number).exit_code)

    _handle("SIGINT", end)


def unwind() -> None:
    """Have each of the signals raise Interrupted in the main thread; one that was ignored from outside stays so.

    While the program unwinds, GRACE_S, the next ones are not heard: an impatient second Ctrl-C leaves nothing behind.
    One that fell into a finalizer, where Python ignores whatever is raised, is sent again.
    """
    quiet_until = 0.0
    unraisable = sys.unraisablehook

    def interrupt(number: int, _frame: FrameType | None) -> None:
        nonlocal quiet_until
        if time.monotonic() > quiet_until:
            quiet_until = time.monotonic() + GRACE_S
            raise Interrupted(number)

    def again(ignored: "sys.UnraisableHookArgs") -> None:
        nonlocal quiet_until
        if isinstance(ignored.exc_value, Interrupted):
            quiet_until = 0.0
            threading.Timer(AGAIN_S, os.kill, (os.getpid(), ignored.exc_value.number)).start()
        else:
            unraisable(ignored)

    sys.unraisablehook = again
    for name in WORDS:
        _handle(name, interrupt)


def ignore() -> None:
    """Have the signals change nothing any more: the work is done and its exit code stands."""
    for name in WORDS:
        _handle(name, signal.SIG_IGN)


def _handle(name: str, handler: Handler) -> None:
    number = getattr(signal, name, None)  # Windows has no SIGHUP
    if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, handler)
