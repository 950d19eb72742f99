"""One job in several processes: what each is asked, and that one report holds what all of them said."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from device_tests.measurement import Latency, Start
from device_tests.report import DeviceReport
from edgerec.progress import Progress, silent
from edgerec.targets import environment
from edgerec.targets.job import Job, Ran
from edgerec.targets.repeated import run_repeated
from edgerec.targets.target import RunError

MakeReport = Callable[..., DeviceReport]


@dataclass(frozen=True)
class Device:
    """Answers every job with the same report, in which load and first call count the runs."""

    report: DeviceReport
    jobs: list[Job] = field(default_factory=list)

    def run(self, job: Job, *, progress: Progress) -> Ran:
        self.jobs.append(job)
        progress("memory")
        latency = self.report.latency
        if latency is not None:
            start = Start(100 * len(self.jobs), len(self.jobs), None, None)
            latency = replace(latency, starts=(start,), threads=job.threads)
        return Ran(replace(self.report, latency=latency), b"lists" if job.lists else None)


def latency_of(ran: Ran) -> Latency:
    assert ran.report.latency is not None
    return ran.report.latency


@pytest.fixture
def job() -> Job:
    return Job(Path("x.edgerec"), environment.DEFAULT, calls=50, lists=True, sustained_s=9, ids="zipf")


def test_one_process_is_enough_where_no_more_is_asked(job: Job, tiny_tflite: bytes, report_of: MakeReport) -> None:
    device = Device(report_of(tiny_tflite))
    ran = run_repeated(device, job, progress=silent)
    assert device.jobs == [job]
    assert ran.report.more_threads == ()
    assert ran.lists == b"lists"


def test_every_start_is_a_process_that_loads_and_calls_with_the_same_ids(
    job: Job, tiny_tflite: bytes, report_of: MakeReport
) -> None:
    device = Device(report_of(tiny_tflite))
    ran = run_repeated(device, replace(job, starts=4), progress=silent)
    assert [start.load_ns for start in latency_of(ran).starts] == [100, 200, 300, 400]
    assert (latency_of(ran).load_ns, latency_of(ran).first_ns) == (200, 2)
    assert ran.lists == b"lists"
    for later in device.jobs[1:]:
        assert (later.only, later.calls, later.ids, later.threads) == (("latency",), 1, "zipf", 1)
        assert (later.lists, later.sustained_s) == (False, None)


def test_every_number_of_threads_is_a_process_with_all_the_calls(
    job: Job, tiny_tflite: bytes, report_of: MakeReport
) -> None:
    device, heard = Device(report_of(tiny_tflite)), []
    ran = run_repeated(device, replace(job, more_threads=(2, 4)), progress=heard.append)
    assert [one.threads for one in (latency_of(ran), *ran.report.more_threads)] == [1, 2, 4]
    assert [one.calls for one in device.jobs] == [50] * 3
    assert heard == ["memory", "latency with 2 threads", "latency with 4 threads"]


def test_a_device_that_tells_no_latency_is_asked_once(job: Job, tiny_tflite: bytes, report_of: MakeReport) -> None:
    device = Device(report_of(tiny_tflite, latency=None, provenance="emulated"))
    run_repeated(device, replace(job, starts=4, more_threads=(2,)), progress=silent)
    assert len(device.jobs) == 1


def test_what_the_first_process_brought_is_kept_before_another_starts(
    job: Job, tiny_tflite: bytes, report_of: MakeReport
) -> None:
    device, kept = Device(report_of(tiny_tflite)), []
    run_repeated(device, replace(job, starts=3), progress=silent, keep=lambda ran: kept.append((ran, len(device.jobs))))
    ((ran, asked),) = kept
    assert (len(latency_of(ran).starts), asked) == (1, 1)


def test_a_process_that_fails_costs_nothing_of_what_was_measured_before(
    job: Job, tiny_tflite: bytes, report_of: MakeReport
) -> None:
    @dataclass(frozen=True)
    class Dying(Device):
        def run(self, job: Job, *, progress: Progress) -> Ran:
            if len(self.jobs) == 2:
                raise RunError("The harness was killed.")
            return super().run(job, progress=progress)

    ran = run_repeated(Dying(report_of(tiny_tflite)), replace(job, starts=4, more_threads=(2,)), progress=silent)
    assert [start.load_ns for start in latency_of(ran).starts] == [100, 200]
    assert ran.report.warnings == ("not all processes that were asked for gave a report: The harness was killed.",)
    assert ran.lists == b"lists"
