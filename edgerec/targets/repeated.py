"""One job in as many fresh processes as it asks for, for more loads and more numbers of threads: one report."""

from dataclasses import replace

from device_tests.measurement import Latency
from edgerec.progress import Progress
from edgerec.targets.job import Job, Ran
from edgerec.targets.target import Device

_ONE_CALL = 1


def run_repeated(device: Device, job: Job, *, progress: Progress) -> Ran:
    """Run a job on an open device, then what it asks for beyond one process, and give all of it as one report.

    Of a device that tells no latency, or a job that asks for none, one process is all. Raises RunError and
    UnreachableError as a run does.
    """
    ran = device.run(job, progress=progress)
    report = ran.report
    if report.latency is None:
        return ran
    timed = replace(job, only=("latency",), lists=False, scores=False, sustained_s=None)
    starts = report.latency.starts
    for at in range(1, job.starts):
        progress(f"start {at + 1} of {job.starts}")
        starts += _latency(device, replace(timed, calls=_ONE_CALL)).starts
    others = []
    for threads in job.more_threads:
        progress(f"latency with {threads} threads")
        others.append(_latency(device, replace(timed, threads=threads)))
    latency = replace(report.latency, starts=starts)
    return replace(ran, report=replace(report, latency=latency, more_threads=tuple(others)))


def _latency(device: Device, job: Job) -> Latency:
    latency = device.run(job, progress=_said_already).report.latency
    if latency is None:
        raise AssertionError("a device that told a latency before tells none now")
    return latency


def _said_already(_phase: str) -> None:
    """Take a phase of a run that was announced as a whole."""
