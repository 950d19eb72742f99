"""What was measured of a model's speed and size on one machine: raw values, from which every figure follows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Faults:
    """Page faults of this process: minor ones found the page in memory, major ones waited for the disk."""

    minor: int
    major: int


@dataclass(frozen=True)
class Start:
    """A fresh process: nanoseconds and page faults of load (open and allocate) and of the first call after it.

    The file is in the page cache. Faults are None where the system does not count them.
    """

    load_ns: int
    first_ns: int
    load_faults: Optional[Faults]
    first_faults: Optional[Faults]


@dataclass(frozen=True)
class Latency:
    """Nanoseconds of batch-1 calls: warm calls of one process, load and first call of one or more, each a fresh one.

    A warm call sets the inputs, invokes and gets the scores; `invoke_ns` is the runtime's share of the same calls.
    `overhead_ns` and `invoke_overhead_ns` are what the harness adds to the two, read around a call that does nothing;
    `clock_ns` is the clock's own. The first of `starts` is the process of the warm calls, during all of which
    `warm_faults` were counted.
    """

    starts: tuple[Start, ...]
    warm_ns: tuple[int, ...]
    invoke_ns: tuple[int, ...]
    warm_faults: Optional[Faults]
    overhead_ns: int
    invoke_overhead_ns: int
    clock_ns: int
    threads: int
    batch: int
    ids: str

    @property
    def load_ns(self) -> int:
        """The median of the loads, the lower of two."""
        return percentile([start.load_ns for start in self.starts], 50)

    @property
    def first_ns(self) -> int:
        """The median of the first calls, the lower of two."""
        return percentile([start.first_ns for start in self.starts], 50)

    def p(self, q: float) -> int:
        """Return the q-th percentile of the warm calls, as `percentile` tells it."""
        return percentile(self.warm_ns, q)


@dataclass(frozen=True)
class Second:
    """One second of a sustained run: when it began, how many calls it held, the nanoseconds of the first of them."""

    at_ns: int
    calls: int
    kept_ns: tuple[int, ...]


@dataclass(frozen=True)
class Sustained:
    """Calls without a pause, second by second; of each second only the first calls keep their nanoseconds.

    The conditions of the report have one moment of the phase `sustained` at the start of each second.
    """

    seconds: tuple[Second, ...]

    @property
    def first(self) -> tuple[Second, ...]:
        """The first minute; of less than two minutes the first half."""
        return self.seconds[: self._minute]

    @property
    def last(self) -> tuple[Second, ...]:
        """The last minute; of less than two minutes the last half."""
        return self.seconds[-self._minute :]

    @property
    def _minute(self) -> int:
        return max(1, min(60, len(self.seconds) // 2))


@dataclass(frozen=True)
class Memory:
    """Bytes the process grew by from after the imports: after load and after `calls` more calls; None is unknown.

    `private_*` is memory of the process alone, `mapped_*` what is resident of the files it maps (model and libraries),
    `peak` the most that the whole process had resident since the imports (since its start where that cannot be told).
    """

    private_load: Optional[int]
    private_run: Optional[int]
    mapped_load: Optional[int]
    mapped_run: Optional[int]
    peak: Optional[int]
    calls: int


@dataclass(frozen=True)
class Storage:
    """What lies on the device's disk: the model, and where it was asked for the runtime's weight cache beside it.

    `weight_cache_made_ns` is the load that wrote the cache; every other load in the report found it there. Latency and
    memory are of the model with its cache, golden outputs and quality of the model alone.
    """

    model_bytes: int
    weight_cache_bytes: Optional[int] = None
    weight_cache_made_ns: Optional[int] = None


def percentile(values: Sequence[int], q: float) -> int:
    """Return the q-th percentile by nearest rank: the least value that q % of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q / 100 * len(ordered)) - 1)]
