"""The machine watched while it measures: a moment before, some during each phase, one after."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from device_tests import system
from device_tests.conditions import Conditions, Moment

if TYPE_CHECKING:
    from pathlib import Path


class Watch:
    """Looks at the machine when it is told to, never by itself: a thread of its own would disturb what is timed."""

    def __init__(self, root: Path = system.ROOT) -> None:
        self._root = root
        self._start_ns = time.perf_counter_ns()
        self._moments: list[Moment] = []

    def look(self, phase: str) -> Moment:
        """Keep and return what the machine says now."""
        root = self._root
        moment = Moment(
            phase=phase,
            at_ns=time.perf_counter_ns() - self._start_ns,
            governor=system.governor(root),
            frequency_khz=system.frequency_khz(root),
            temperature_c=system.temperature_c(root),
            under_voltage=system.under_voltage(root),
            throttled=system.throttled(root),
            load=system.load(root),
            available_bytes=system.available_bytes(root),
        )
        self._moments.append(moment)
        return moment

    def conditions(self) -> Conditions:
        """Return all that was seen so far."""
        return Conditions(tuple(self._moments))
