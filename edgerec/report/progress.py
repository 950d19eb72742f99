"""Progress of long work: one line that is written over on a terminal, plain lines in a log."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from edgerec.progress import Progress
from edgerec.report.console import visible

CLEAR = "\r\x1b[2K"
COLUMNS = 80


@contextmanager
def showing_progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """Give a Progress that writes to a stream (stderr), with the seconds since the start before each line.

    The line that a terminal still shows is cleared at the end, whatever the end is.
    """
    out = sys.stderr if stream is None else stream
    over = out.isatty() and os.environ.get("TERM") != "dumb"
    start = time.monotonic()

    def tell(line: str) -> None:
        text = f"[{time.monotonic() - start:5.1f} s] {visible(line)}"
        # One column is left free: a full line would wrap, and only its last part would be written over.
        out.write(f"{CLEAR}{text[: _columns(out) - 1]}" if over else f"{text}\n")
        out.flush()

    try:
        yield tell
    finally:
        if over:
            out.write(CLEAR)
            out.flush()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    except OSError:
        return COLUMNS
