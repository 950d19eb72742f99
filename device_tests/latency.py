"""Latency of batch-1 calls: load, first and warm apart, every raw value kept, the harness's own share beside them."""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, Any, Callable

from device_tests.errors import ModelError
from device_tests.model import Call
from device_tests.report import Latency
from device_tests.runtime import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device_tests.model import Array, Model

_clock = time.perf_counter_ns
_OVERHEAD_CALLS = 1000
_UNSTEADY = 2.0


class _Nothing:
    """An interpreter that does nothing, to time what is not the runtime's."""

    def set_tensor(self, index: int, value: Any) -> None:
        """Take nothing."""

    def invoke(self) -> None:
        """Do nothing."""

    def get_tensor(self, index: int) -> None:
        """Give nothing."""


def measure(open_model: Callable[[], Model], draw: Callable[[Model], Sequence[list[Array]]], ids: str) -> Latency:
    """Open the model, call it once with each of the inputs that `draw` gives, and return the nanoseconds of all that.

    The first of them is the first call, the others the warm ones, so `draw` gives at least two. Raises ModelError when
    the runtime fails.
    """
    start = _clock()
    model = open_model()
    load_ns = _clock() - start
    values = draw(model)
    nothing = Call.of(_Nothing(), [port.index for port in model.ports], model.output.index)
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        first, _ = _time(model.call, values[:1])
        warm, invoke = _time(model.call, values[1:])
        overhead, _ = _time(nothing, [values[0]] * _OVERHEAD_CALLS)
    except (ValueError, RuntimeError) as why:
        raise ModelError(f"{model.runtime.name} fails on one row: {one_line(why)}") from None
    finally:
        if enabled:
            gc.enable()
    return Latency(
        load_ns=load_ns,
        first_ns=first[0],
        warm_ns=tuple(warm),
        invoke_ns=tuple(invoke),
        overhead_ns=round(statistics.median(overhead)),
        clock_ns=_clock_ns(),
        batch=1,
        ids=ids,
    )


def warnings(latency: Latency) -> list[str]:
    """Return why these figures may not be what the device can do."""
    middle, late = latency.p(50), latency.p(95)
    if middle and late > _UNSTEADY * middle:
        return [f"latency was unsteady: p95 is {late / middle:.1f} times p50, so something else was running"]
    return []


def _time(call: Call, values: Sequence[list[Array]]) -> tuple[list[int], list[int]]:
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


def _clock_ns() -> int:
    reads = [_clock() for _ in range(_OVERHEAD_CALLS)]
    return round(statistics.median(second - first for first, second in zip(reads, reads[1:])))
