"""Latency of batch-1 calls: load, first and warm apart, every raw value kept, the harness's own share beside them."""

from __future__ import annotations

import gc
import statistics
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Optional

from device_tests import system
from device_tests.errors import ModelError
from device_tests.measurement import Faults, Latency, Start
from device_tests.model import Call
from device_tests.runtime import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device_tests.model import Array, Model

_clock = time.perf_counter_ns
_OVERHEAD_CALLS = 1000
_LOOKS = 10
_UNSTEADY = 2.0


class _Nothing:
    """An interpreter that does nothing, to time what is not the runtime's."""

    def set_tensor(self, index: int, value: Any) -> None:
        """Take nothing."""

    def invoke(self) -> None:
        """Do nothing."""

    def get_tensor(self, index: int) -> None:
        """Give nothing."""


def measure(
    open_model: Callable[[], Model],
    draw: Callable[[Model], Sequence[list[Array]]],
    *,
    ids: str,
    threads: int,
    look: Callable[[], object],
) -> Latency:
    """Open the model, call it once with each of the inputs that `draw` gives, and return the nanoseconds of all that.

    The first of them is the first call, the others the warm ones, so `draw` gives at least two. `look` is called a few
    times between the calls, never within one. Raises ModelError when the runtime fails.
    """
    before_load = system.page_faults()
    start = _clock()
    model = open_model()
    load_ns = _clock() - start
    load_faults = _since(before_load)
    values = draw(model)
    nothing = Call.of(_Nothing(), [port.index for port in model.ports], model.output.index)
    warm: list[int] = []
    invoke: list[int] = []
    with collecting_later(), one_row(model):
        before_first = system.page_faults()
        first, _ = timed(model.call, values[:1])
        first_faults = _since(before_first)
        before_warm = system.page_faults()
        for piece in _pieces(values[1:]):
            whole, inner = timed(model.call, piece)
            warm += whole
            invoke += inner
            look()
        warm_faults = _since(before_warm)
        overhead, invoke_overhead = timed(nothing, [values[0]] * _OVERHEAD_CALLS)
    return Latency(
        starts=(Start(load_ns, first[0], load_faults, first_faults),),
        warm_ns=tuple(warm),
        invoke_ns=tuple(invoke),
        warm_faults=warm_faults,
        overhead_ns=round(statistics.median(overhead)),
        invoke_overhead_ns=round(statistics.median(invoke_overhead)),
        clock_ns=_clock_ns(),
        threads=threads,
        batch=1,
        ids=ids,
    )


def warnings(latency: Latency) -> list[str]:
    """Return why these figures may not be what the device can do."""
    middle, late = latency.p(50), latency.p(95)
    if middle and late > _UNSTEADY * middle:
        return [f"latency was unsteady: p95 is {late / middle:.1f} times p50, so something else was running"]
    return []


def timed(call: Call, values: Sequence[list[Array]]) -> tuple[list[int], list[int]]:
    """Return the nanoseconds of one call with each of the values, and of `invoke` alone within it."""
    whole, inner = [], []
    put, invoke, take, clock = call.put, call.invoke, call.take, _clock
    for each in values:
        start = clock()
        put(each)
        before = clock()
        invoke()
        after = clock()
        take()
        end = clock()
        whole.append(end - start)
        inner.append(after - before)
    return whole, inner


@contextmanager
def collecting_later() -> Iterator[None]:
    """Put the garbage collector off, so that it does not run within a call."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def one_row(model: Model) -> Iterator[None]:
    """Raise ModelError in one sentence when the runtime fails on a call of one row."""
    try:
        yield
    except (ValueError, RuntimeError) as why:
        raise ModelError(f"{model.runtime.name} fails on one row: {one_line(why)}") from None


def _pieces(values: Sequence[list[Array]]) -> Iterator[Sequence[list[Array]]]:
    length = -(-len(values) // _LOOKS)
    return (values[start : start + length] for start in range(0, len(values), length))


def _since(before: Optional[Faults]) -> Optional[Faults]:
    now = system.page_faults()
    return now and before and Faults(now.minor - before.minor, now.major - before.major)


def _clock_ns() -> int:
    reads = [_clock() for _ in range(_OVERHEAD_CALLS)]
    return round(statistics.median(second - first for first, second in zip(reads, reads[1:])))
