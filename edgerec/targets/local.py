"""This machine as a target: the harness in a process of its own, with nothing but the runtime and numpy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from device_tests import report
from edgerec import storage
from edgerec.progress import Progress, silent
from edgerec.targets import child, environment, zipapp
from edgerec.targets.child import Ended
from edgerec.targets.environment import RuntimePin
from edgerec.targets.following import follow
from edgerec.targets.job import LISTS, REPORT, SCORES, Job, Ran
from edgerec.targets.target import HERE

NAME = "local"


@dataclass(frozen=True)
class Local:
    """This machine, in the runtime's own environment; `wheels` is a folder to make that from instead of an index."""

    wheels: Path | None = None
    name: str = NAME
    device: str = HERE

    def refuse_unready(self, runtime: RuntimePin) -> None:
        """Raise RuntimeUnavailableError where the runtime's environment is not there and cannot be made."""
        if environment.made(runtime) is None:
            environment.refuse_unavailable(runtime, self.wheels)

    @contextmanager
    def opened(self, runtime: RuntimePin, *, progress: Progress) -> Iterator["Local"]:
        """Make the runtime's environment where there is none. Raises RuntimeUnavailableError."""
        environment.python_for(runtime, wheels=self.wheels, progress=progress)
        yield self

    def run(self, job: Job, *, progress: Progress = silent) -> Ran:
        """Run the harness as `run` does."""
        return run(job, progress=progress)


def run(job: Job, *, progress: Progress = silent) -> Ran:
    """Run the harness in a process of its own, in the runtime's own environment, and return what it said.

    `progress` is told each phase as it starts. Raises RunError when the harness refuses, dies or is not done in time,
    RuntimeUnavailableError when the runtime's environment cannot be had.
    """
    python = environment.python_for(job.runtime, progress=progress)
    # Not in /tmp, which is often memory: the model is to be mapped from a disk, as on a device.
    with storage.scratch("run-", within=storage.folder("harness")) as scratch:
        harness = (str(python), "-I", str(zipapp.kept_harness()))
        trace = None if job.trace is None else str(job.trace.absolute())
        command = (*harness, *job.arguments(str(job.file.absolute()), str(scratch), trace))

        def started(on_line: Progress) -> Ended:
            return child.run(command, environment=_variables(scratch), time_limit_s=job.time_limit_s, on_line=on_line)

        follow(started, job, progress)
        return Ran(
            report.read(scratch / REPORT),
            (scratch / LISTS).read_bytes() if job.lists else None,
            (scratch / SCORES).read_bytes() if job.scores else None,
        )


def _variables(scratch: Path) -> dict[str, str]:
    """Return the child's environment: one thread in every BLAS, and its temporary files where they end with the run."""
    threads = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    )
    return {**os.environ, **dict.fromkeys(threads, "1"), "TMPDIR": str(scratch)}
