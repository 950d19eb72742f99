"""By how much this process grows with a model, private and file-mapped memory apart."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from typing import TYPE_CHECKING, Callable

from device_tests import system
from device_tests.errors import ModelError
from device_tests.measurement import Memory
from device_tests.runtime import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device_tests.model import Array, Model


def settle() -> None:
    """Give freed memory back to the system, where the C library can, or growth into it would not be seen."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def measure(open_model: Callable[[], Model], draw: Callable[[Model], Sequence[list[Array]]]) -> Memory:
    """Return by how many bytes the process grows when the model is opened and called with what `draw` gives.

    The runtime is imported before. Raises ModelError when the runtime fails.
    """
    system.resident()  # what asking takes itself is there before
    settle()
    system.restart_peak()
    before = system.resident()
    model = open_model()
    loaded = system.resident()
    values = draw(model)
    drawn = system.resident()
    try:
        for each in values:
            model.call.put(each)
            model.call.invoke()
            model.call.take()
    except (ValueError, RuntimeError) as why:
        raise ModelError(f"{model.runtime.name} fails on one row: {one_line(why)}") from None
    ran = system.resident()
    if before is None or loaded is None or drawn is None or ran is None:
        return Memory(None, None, None, None, system.peak_bytes(), len(values))
    return Memory(
        private_load=loaded.private - before.private,
        private_run=ran.private - before.private - (drawn.private - loaded.private),
        mapped_load=loaded.mapped - before.mapped,
        mapped_run=ran.mapped - before.mapped,
        peak=system.peak_bytes(),
        calls=len(values),
    )
