"""Progress of long work: one line that is written over on a terminal, plain lines in a log."""

import sys
import time
from typing import TextIO

from edgerec.progress import Progress

CLEAR = "\r\x1b[2K"


def progress_on(stream: TextIO = sys.stderr) -> Progress:
    """A Progress that writes to a stream, with the seconds since the start before each line."""
    start = time.monotonic()
    columns = 100

    def tell(line: str) -> None:
        text = f"[{time.monotonic() - start:5.1f} s] {line}"
        stream.write(f"{CLEAR}{text[:columns]}" if stream.isatty() else f"{text}\n")
        stream.flush()

    return tell


def end_progress(stream: TextIO = sys.stderr) -> None:
    """Clear the line that a terminal still shows."""
    if stream.isatty():
        stream.write(CLEAR)
        stream.flush()
