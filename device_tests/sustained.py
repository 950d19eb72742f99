"""Calls without a pause for as long as asked: what a device does when it grows warm."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Callable

from device_tests import latency
from device_tests.measurement import Second, Sustained, percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device_tests.model import Array, Model

KEPT = 200
_PIECE = 10
_SECOND_NS = 10**9
_SLOWER = 1.1

_clock = time.perf_counter_ns


def measure(model: Model, values: Sequence[list[Array]], seconds: float, look: Callable[[], object]) -> Sustained:
    """Call the model again and again with `values` for so many seconds, at least one.

    All calls of a second are counted and its first `KEPT` keep their nanoseconds: all of them would be too many, and
    which of a second are kept does not matter for what changes over minutes. `look` is called at the start of each
    second. Raises ModelError when the runtime fails.
    """
    endless = itertools.cycle(values)
    found: list[Second] = []
    start = _clock()
    with latency.collecting_later(), latency.one_row(model):
        while _clock() - start < seconds * _SECOND_NS:
            look()
            begun = _clock()
            kept: list[int] = []
            calls = 0
            while calls == 0 or _clock() - begun < _SECOND_NS:
                whole, _ = latency.timed(model.call, list(itertools.islice(endless, _PIECE)))
                calls += len(whole)
                kept += whole[: KEPT - len(kept)]
            found.append(Second(begun - start, calls, tuple(kept)))
    return Sustained(tuple(found))


def warnings(sustained: Sustained) -> list[str]:
    """Return whether the last minute was slower than the first."""
    first, last = (
        percentile([time_ns for second in seconds for time_ns in second.kept_ns], 50)
        for seconds in (sustained.first, sustained.last)
    )
    if first and last > _SLOWER * first:
        return [f"a call took {last / first:.2f} times as long at the end of the sustained run as at its start"]
    return []
