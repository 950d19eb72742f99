"""Two models in turns: the order of the processes, what is kept of them, and when they are not to be compared."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from device_tests.bundle import decode, encode
from device_tests.report import DeviceReport
from edgerec.interleaving import Interleaved, InterleavingError, in_turns, interleave, refuse_other_ids
from edgerec.progress import Progress, silent
from edgerec.targets import environment
from edgerec.targets.job import Job, Ran
from edgerec.targets.target import UnreachableError

MakeReport = Callable[..., DeviceReport]
OLD, NEW = (Job(Path(name), environment.DEFAULT, only=("latency",)) for name in ("old", "new"))


@dataclass(frozen=True)
class Device:
    """Answers with calls of as many nanoseconds as the model of a name takes, and a bit more from run to run."""

    report: DeviceReport
    times_ns: dict[str, int]
    asked: list[str] = field(default_factory=list)

    def run(self, job: Job, *, progress: Progress) -> Ran:
        progress("latency")
        self.asked.append(job.file.name)
        assert self.report.latency is not None
        calls = tuple(self.times_ns[job.file.name] + len(self.asked) + call for call in range(5))
        latency = replace(self.report.latency, warm_ns=calls, invoke_ns=calls)
        return Ran(replace(self.report, latency=latency))


def test_processes_alternate_and_the_first_of_each_is_not_counted(tiny_tflite: bytes, report_of: MakeReport) -> None:
    device, heard = Device(report_of(tiny_tflite), {"old": 10_000, "new": 12_000}), []
    found = interleave(device, OLD, NEW, processes=5, progress=heard.append)
    assert " ".join(device.asked) == "old new old new new old old new new old old new"
    assert [calls[0] for calls in found.calls_ns("old")] == [10_003, 10_006, 10_007, 10_010, 10_011]
    assert [calls[0] for calls in found.calls_ns("new")] == [12_004, 12_005, 12_008, 12_009, 12_012]
    assert (heard[0], heard[-1], len(heard)) == ("process 1 of 10, old", "process 10 of 10, new", 10)
    assert found.outcome == "slower"
    assert found.ratio is not None
    assert found.ratio.estimate == pytest.approx(1.2, abs=0.001)


def test_what_was_said_before_a_device_went_away_is_there(tiny_tflite: bytes, report_of: MakeReport) -> None:
    @dataclass(frozen=True)
    class Dying(Device):
        def run(self, job: Job, *, progress: Progress) -> Ran:
            if len(self.asked) == 7:
                raise UnreachableError("The device is gone.")
            return super().run(job, progress=progress)

    device, found = Dying(report_of(tiny_tflite), {"old": 10_000, "new": 12_000}), Interleaved((), ())
    with pytest.raises(UnreachableError):  # noqa: PT012 -- what came before it is the point
        for so_far in in_turns(device, OLD, NEW, processes=5, progress=silent):
            found = so_far
    assert (len(found.old), len(found.new)) == (3, 2)
    assert (found.ratio, found.outcome) == (None, "inconclusive")


def test_fewer_than_five_processes_and_emulated_times_are_refused(tiny_tflite: bytes, report_of: MakeReport) -> None:
    device = Device(report_of(tiny_tflite), {"old": 1, "new": 1})
    with pytest.raises(InterleavingError, match="at least 5 processes, not 4"):
        interleave(device, OLD, NEW, processes=4, progress=silent)
    emulated = replace(device, report=report_of(tiny_tflite, provenance="emulated"))
    with pytest.raises(InterleavingError, match="An emulator tells no times"):
        interleave(emulated, OLD, NEW, processes=5, progress=silent)


def test_models_that_would_be_called_with_other_ids_are_refused(
    tiny_members: dict[str, bytes], rebuilt: Callable[..., dict[str, bytes]]
) -> None:
    old = decode(encode(tiny_members))
    popular = tiny_members["proof/eval_popularity.npy"]
    others = decode(encode({**tiny_members, "proof/eval_popularity.npy": popular[:-4] + b"\x07\x00\x00\x00"}))
    with pytest.raises(InterleavingError, match="other eval sets"):
        refuse_other_ids(old, others, None)
    refuse_other_ids(old, others, "uniform")
    refuse_other_ids(old, old, None)
    refuse_other_ids(None, None, None)
    with pytest.raises(InterleavingError, match="a bare"):
        refuse_other_ids(old, None, None)
    (history,) = old.manifest.inputs
    larger = replace(old, manifest=replace(old.manifest, inputs=(replace(history, ids=history.ids + 1),)))
    with pytest.raises(InterleavingError, match="numbers of ids"):
        refuse_other_ids(old, larger, "uniform")
    refuse_other_ids(old, larger, "trace")
