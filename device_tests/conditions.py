"""Under which conditions a machine measured: what it said of itself before, during and after, and what that spoils."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BUSY = 0.5  # load average a core from which a machine is not quiet
_HOT_C = 80.0  # from where the boards that we know slow themselves down
_SCARCE = 0.1  # of all memory
_MOVED = 0.9  # of the highest frequency
_NOW_UNDER_VOLTAGE, _EVER_UNDER_VOLTAGE = 1 << 0, 1 << 16
_NOW_SLOWED, _EVER_SLOWED = 0b1110, 0b1110 << 16
_KHZ = 1000
_MIB = 1 << 20
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Moment:
    """What the machine said `at_ns` after the run began, in a phase of it; None is unknown.

    `frequency_khz` is the first processor's, `temperature_c` of the hottest zone, `load` the average of one minute,
    `available_bytes` the memory that is free or can be freed. `throttled` are the bits of a Raspberry Pi's firmware: 0
    under-voltage, 1 frequency capped, 2 throttled, 3 soft temperature limit, and 16 to 19 the same since it was booted.
    """

    phase: str
    at_ns: int
    governor: Optional[str]
    frequency_khz: Optional[int]
    temperature_c: Optional[float]
    under_voltage: Optional[bool]
    throttled: Optional[int]
    load: Optional[float]
    available_bytes: Optional[int]


@dataclass(frozen=True)
class Conditions:
    """The moments of a run, in order: the first before its phases, the last after them.

    `screen` is on or off on a phone, as its host saw it before the run; None where there is none or nobody looked.
    """

    moments: tuple[Moment, ...]
    screen: Optional[str] = None

    @property
    def before(self) -> Moment:
        """The machine before the first phase."""
        return self.moments[0]

    @property
    def after(self) -> Moment:
        """The machine after the last phase."""
        return self.moments[-1]


def warnings(conditions: Conditions, cores: int, memory_bytes: Optional[int]) -> list[str]:
    """Return why times taken under these conditions may not repeat, in a sentence each."""
    before, moments = conditions.before, conditions.moments
    found = []
    if before.load is not None and before.load > _BUSY * cores:
        found.append(f"the machine was not quiet: load average {before.load:.2f} on {cores} cores")
    if before.governor not in (None, "performance"):
        found.append(f"the CPU frequency governor is {before.governor}: times vary with the clock")
    if before.available_bytes is not None and memory_bytes and before.available_bytes < _SCARCE * memory_bytes:
        found.append(f"only {before.available_bytes // _MIB} MiB of memory were free: pages may have gone to disk")
    if any(moment.under_voltage for moment in moments) or _seen(moments, _NOW_UNDER_VOLTAGE, _EVER_UNDER_VOLTAGE):
        found.append("the supply voltage was too low: the board slows itself down, so give it a stronger supply")
    if _seen(moments, _NOW_SLOWED, _EVER_SLOWED):
        found.append("the board held its clock down during the run, for heat or voltage")
    hottest = max(_known(moment.temperature_c for moment in moments), default=None)
    if hottest is not None and hottest >= _HOT_C:
        found.append(f"the CPU was at {hottest:.0f} degrees C, where it may slow itself down")
    clocks = list(_known(moment.frequency_khz for moment in moments if moment.phase == "latency"))
    if clocks and min(clocks) < _MOVED * max(clocks):
        found.append(
            f"the clock moved between {min(clocks) // _KHZ} and {max(clocks) // _KHZ} MHz while calls were timed"
        )
    return found


def _seen(moments: tuple[Moment, ...], now: int, ever: int) -> bool:
    """Tell whether a bit was set at some moment, or was set since boot between the first moment and the last."""
    bits = list(_known(moment.throttled for moment in moments))
    return any(each & now for each in bits) or bool(bits and bits[-1] & ever & ~bits[0])


def _known(values: Iterable[Optional[_Number]]) -> Iterator[_Number]:
    return (value for value in values if value is not None)
