"""Two models timed in turns on one open device, in fresh processes: what drifts, drifts for both."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from device_tests.bundle import Bundle
from device_tests.report import DeviceReport
from edgerec.errors import EdgerecError
from edgerec.progress import Progress
from edgerec.speed_ratio import FEWEST_PROCESSES, Outcome, outcome_of, speed_ratio
from edgerec.statistics import Interval
from edgerec.targets.job import Job
from edgerec.targets.target import Device

PROCESSES = 11
"""Of each model. A percentile interval from fewer is too narrow, or as wide as the two or three that were disturbed."""
SEED = 0

Side = Literal["old", "new"]

_DRAWN_FROM = ("proof/eval_input_", "proof/eval_popularity", "proof/eval_kept")


class InterleavingError(EdgerecError):
    """Two models that cannot be timed in turns."""


@dataclass(frozen=True)
class Interleaved:
    """What each fresh process of two models said, side by side, in the order in which they ran."""

    old: tuple[DeviceReport, ...]
    new: tuple[DeviceReport, ...]

    def calls_ns(self, side: Side) -> list[tuple[int, ...]]:
        """The raw warm calls of one side, process by process."""
        reports = self.old if side == "old" else self.new
        return [report.latency.warm_ns for report in reports if report.latency is not None]

    @cached_property
    def ratio(self) -> Interval | None:
        """How many times as long the new model's call takes as the old one's; None of fewer than five processes."""
        sides = self.calls_ns("old"), self.calls_ns("new")
        return None if min(map(len, sides)) < FEWEST_PROCESSES else speed_ratio(*sides, seed=SEED)

    @property
    def outcome(self) -> Outcome:
        """What the ratio tells of the new model."""
        return "inconclusive" if self.ratio is None else outcome_of(self.ratio)

    def with_report(self, side: Side, report: DeviceReport) -> "Interleaved":
        """Give the same with what one more process of a side said."""
        return replace(self, old=(*self.old, report)) if side == "old" else replace(self, new=(*self.new, report))


def interleave(device: Device, old: Job, new: Job, *, processes: int = PROCESSES, progress: Progress) -> Interleaved:
    """Time two models on one device as `in_turns` does, and give what all their processes said."""
    *_, whole = in_turns(device, old, new, processes=processes, progress=progress)
    return whole


def in_turns(
    device: Device, old: Job, new: Job, *, processes: int = PROCESSES, progress: Progress
) -> Iterator[Interleaved]:
    """Time two models on one device in `processes` fresh processes each, in the order old new new old, again and again.

    Gives all that was said so far after every process. One of each runs before and is not counted: it brings files to
    the device and into its page cache. Raises InterleavingError for fewer than five processes or an emulated device,
    RunError and UnreachableError as a run does.
    """
    if processes < FEWEST_PROCESSES:
        raise InterleavingError(f"Two models are told apart by at least {FEWEST_PROCESSES} processes, not {processes}.")
    jobs = {"old": old, "new": new}
    found = Interleaved((), ())
    for at, side in enumerate(("old", "new", *_order(processes))):
        report = device.run(jobs[side], progress=_nothing).report
        if report.provenance != "measured" or report.latency is None:
            raise InterleavingError("An emulator tells no times: compare two models on this machine or on a board.")
        if at > 1:
            progress(f"process {at - 1} of {2 * processes}, {side}")
            found = found.with_report(side, report)
            yield found


def _order(processes: int) -> Iterator[Side]:
    """Give old new new old and so on, `processes` of each."""
    for pair in range(processes):
        yield from ("old", "new") if pair % 2 == 0 else ("new", "old")


def _nothing(_phase: str) -> None:
    """Take a phase of one of many short runs and say nothing of it."""


def refuse_other_ids(old: Bundle | None, new: Bundle | None, ids: str | None) -> None:
    """Raise InterleavingError where two models would not be called with the same ids; None is a bare .tflite."""
    if old is None or new is None:
        if old is not new:
            raise InterleavingError("A bundle and a bare .tflite draw other ids: compare two bundles or two files.")
        return
    if ids == "trace":
        return
    if old.manifest.inputs != new.manifest.inputs:
        raise InterleavingError(
            "The two bundles take other inputs or numbers of ids, so they would be called with other ids: "
            "give --ids trace and a --trace that fits both."
        )
    if ids in (None, "eval") and _drawn_from(old) != _drawn_from(new):
        raise InterleavingError(
            "The two bundles have other eval sets, so they would be called with other ids: give --ids uniform or zipf."
        )


def _drawn_from(bundle: Bundle) -> dict[str, bytes]:
    return {name: data for name, data in bundle.members.items() if name.startswith(_DRAWN_FROM)}
