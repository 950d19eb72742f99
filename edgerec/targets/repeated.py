"""One job in as many fresh processes as it asks for, for more loads and more numbers of threads: one report."""

from collections.abc import Callable
from dataclasses import replace

from device_tests.measurement import Latency
from edgerec.progress import Progress
from edgerec.targets.job import Job, Ran
from edgerec.targets.target import Device, RunError, UnreachableError

_ONE_CALL = 1


def run_repeated(
    device: Device, job: Job, *, progress: Progress, keep: Callable[[Ran], None] = lambda _ran: None
) -> Ran:
    """Run a job on an open device, then what it asks for beyond one process, and give all of it as one report.

    `keep` is given what the first process brought, before another starts: a Ctrl-C costs nothing of it. Of a device
    that tells no latency, or a job that asks for none, one process is all. A later process that gives no report costs
    nothing of what was measured before: it is a warning. Raises RunError and UnreachableError where the first gives
    none.
    """
    ran = device.run(job, progress=progress)
    keep(ran)
    if job.starts == 1 and not job.more_threads:
        return ran
    report = ran.report
    if report.latency is None:
        return ran
    timed = replace(job, only=("latency",), lists=False, scores=False, sustained_s=None)
    starts, others, warnings = report.latency.starts, report.more_threads, report.warnings
    try:
        for at in range(1, job.starts):
            progress(f"start {at + 1} of {job.starts}")
            starts += _latency(device, replace(timed, calls=_ONE_CALL)).starts
        for threads in job.more_threads:
            progress(f"latency with {threads} threads")
            others += (_latency(device, replace(timed, threads=threads)),)
    except (RunError, UnreachableError) as why:
        warnings += (f"not all processes that were asked for gave a report: {why}",)
    latency = replace(report.latency, starts=starts)
    return replace(ran, report=replace(report, latency=latency, more_threads=others, warnings=warnings))


def _latency(device: Device, job: Job) -> Latency:
    latency = device.run(job, progress=_said_already).report.latency
    if latency is None:
        raise RunError("The harness told a latency before and tells none now.")
    return latency


def _said_already(_phase: str) -> None:
    """Take a phase of a run that was announced as a whole."""
