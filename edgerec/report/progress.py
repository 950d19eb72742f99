"""Progress of long work: one line that is written over on a terminal, plain lines in a log."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from edgerec.report.console import visible

CLEAR = "\r\x1b[2K"
COLUMNS = 80


class Shown:
    """A Progress on a stream, with the seconds since the start before each line; some lines stay."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._start = out, time.monotonic()
        self._over = out.isatty() and os.environ.get("TERM") != "dumb"

    def __call__(self, line: str) -> None:
        """Show a line until the next one."""
        text = f"[{time.monotonic() - self._start:5.1f} s] {visible(line)}"
        # One column is left free: a full line would wrap, and only its last part would be written over.
        self._write(f"{CLEAR}{text[: _columns(self._out) - 1]}" if self._over else f"{text}\n")

    def stay(self, line: str) -> None:
        """Show a line that no other is written over, on a terminal neither."""
        self.clear()
        self._write(f"{visible(line)}\n")

    def clear(self) -> None:
        """Clear the line that a terminal still shows."""
        if self._over:
            self._write(CLEAR)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


@contextmanager
def showing_progress(stream: TextIO | None = None) -> Iterator[Shown]:
    """Give a Progress that writes to a stream (stderr).

    The line that a terminal still shows is cleared at the end, whatever the end is.
    """
    shown = Shown(sys.stderr if stream is None else stream)
    try:
        yield shown
    finally:
        shown.clear()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    except OSError:
        return COLUMNS
