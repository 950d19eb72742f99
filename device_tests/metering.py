"""Exact counts under an emulator: instructions and bytes moved by load, calls and top k, between system calls."""

from __future__ import annotations

import ctypes
import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, TypeVar

from device_tests import ranking
from device_tests.counts import Count, Counts
from device_tests.errors import ModelError
from device_tests.files import read_whole
from device_tests.runtime import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from device_tests.model import Array, Model
    from device_tests.ranking import Scores

T = TypeVar("T")

CALLS = 20
"""Calls that are counted after the first."""

# What edgerec/targets/emulator/counting.c listens to.
_MARKER = 48879
_ARM, _OPEN, _CLOSE = 1, 2, 3


@dataclass(frozen=True)
class Meter:
    """The way to an emulator's plugin: a system call that does not exist around what is to be counted.

    The plugin adds a line to the file at `path` each time.
    """

    path: Path
    mark: Callable[[int, int], int]

    @classmethod
    def armed(cls, path: Path) -> Meter:
        """Return a meter whose plugin counts from here on."""
        mark = ctypes.CDLL(None).syscall
        mark(_MARKER, _ARM)
        return cls(path, mark)

    def around(self, action: Callable[[], T]) -> T:
        """Do the action, and have what it does counted."""
        mark = self.mark
        mark(_MARKER, _OPEN)
        done = action()
        mark(_MARKER, _CLOSE)
        return done

    def read(self) -> list[Count]:
        """Return what was counted, in order. Raises ModelError when no plugin did."""
        lines = read_whole(self.path, ModelError).decode("ascii", errors="replace").splitlines()
        try:
            return [Count(*map(int, line.split())) for line in lines]
        except (ValueError, TypeError):
            raise ModelError(f"{self.path.name} holds {lines[-1][:60]!r}, which is no count of the plugin") from None


def measure(
    meter: Meter,
    open_model: Callable[[], Model],
    values: Sequence[list[Array]],
    scores: Sequence[Scores],
    *,
    k: int,
    ids: str,
) -> Counts:
    """Return the counts of opening the model, of a call with each of `values`, and of the top k of each of `scores`.

    The first of `values` makes the first call. `scores` are float32 [1, items] each. The cost of an empty pair of
    system calls is taken off each. Raises ModelError when the runtime fails, or no plugin counts.
    """
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        _count(meter, open_model, values, scores, k)
    except (ValueError, RuntimeError) as why:
        raise ModelError(f"the runtime fails on one row: {one_line(why)}") from None
    finally:
        if enabled:
            gc.enable()
    found, regions = meter.read(), _EMPTY + 1 + len(values) + len(scores)
    if len(found) != regions:
        raise ModelError(f"the emulator's plugin counted {len(found)} times where it should {regions} times")
    empty, found = found[_EMPTY - 1], found[_EMPTY:]
    load, *others = (_without(empty, each) for each in found)
    calls, lists = others[: len(values)], others[len(values) :]
    return Counts(load=load, first=calls[0], invoke=tuple(calls[1:]), top_k=tuple(lists), marker=empty, ids=ids)


_EMPTY = 32  # until Python has specialized the code of `around`


def _count(
    meter: Meter, open_model: Callable[[], Model], values: Sequence[list[Array]], scores: Sequence[Scores], k: int
) -> None:
    around = meter.around
    for _ in range(_EMPTY):
        around(_nothing)
    for own in scores[:1]:
        ranking.top_k(own, k)  # what NumPy prepares once in a process is no part of any list
    model = around(open_model)
    put, invoke, take = model.call.put, model.call.invoke, model.call.take
    for each in values:
        put(each)
        around(invoke)
        take()
    for own in scores:
        around(lambda: ranking.top_k(own, k))  # noqa: B023 -- done before the next one comes


def _nothing() -> None:
    """Do nothing, to count what is not the action's."""


def _without(empty: Count, found: Count) -> Count:
    return Count(
        instructions=found.instructions - empty.instructions,
        read_bytes=found.read_bytes - empty.read_bytes,
        written_bytes=found.written_bytes - empty.written_bytes,
    )
