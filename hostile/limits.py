"""What reading one input may cost: processor time and memory, both by the size of the input."""

import signal
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 5.0
"""Of this process's own processor time: thousands of times what a small input takes."""

SPARE_BYTES = 4 << 20
MULTIPLE = 100
"""Peak memory is at most so many times the input, and the spare: Python's objects are large beside their text."""


class TooMuchError(BaseException):
    """Reading took longer or more memory than it may; a BaseException, so that no reader takes it for an error."""


@contextmanager
def timed(seconds: float = SECONDS) -> Iterator[None]:
    """Raise TooMuchError where the block takes more processor time."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooMuchError(f"it took more than {seconds} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def measured(read: Callable[[bytes], object], data: bytes) -> int:
    """Return the peak of the memory that reading took, in bytes; raise TooMuchError where it is more than it may be."""
    tracemalloc.start()
    try:
        read(data)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if peak_bytes > SPARE_BYTES + MULTIPLE * len(data):
        raise TooMuchError(f"it took {peak_bytes:,} bytes of memory for an input of {len(data):,}")
    return peak_bytes
