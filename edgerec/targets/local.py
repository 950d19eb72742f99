"""This machine as a target: the harness in a process of its own, with nothing but the runtime and numpy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from device_tests import report
from edgerec import storage
from edgerec.progress import Progress, silent
from edgerec.targets import architecture as architectures
from edgerec.targets import child, environment, zipapp
from edgerec.targets.capsules import capsule
from edgerec.targets.capsules.manifest import CapsuleError
from edgerec.targets.child import Ended
from edgerec.targets.environment import RuntimePin, RuntimeUnavailableError
from edgerec.targets.following import follow
from edgerec.targets.job import REPORT, Job, Ran, brought
from edgerec.targets.local_shell import LocalShell
from edgerec.targets.target import HERE

NAME = "local"


@dataclass(frozen=True)
class Local:
    """This machine, in the runtime's own environment; `wheels` is a folder to make that from instead of an index."""

    wheels: Path | None = None
    name: str = NAME
    device: str = HERE

    def refuse_unready(self, runtime: RuntimePin) -> None:
        """Raise RuntimeUnavailableError where neither the runtime's environment nor its capsule can be had."""
        refuse_unready(runtime, self.wheels)

    @contextmanager
    def opened(self, runtime: RuntimePin, *, progress: Progress) -> Iterator["Local"]:
        """Make the runtime's environment, or capsule, where there is none. Raises RuntimeUnavailableError."""
        python_for(runtime, wheels=self.wheels, progress=progress)
        yield self

    @property
    def shell(self) -> LocalShell:
        """This machine's command line, in a folder on a disk as the harness has it."""
        return LocalShell(str(storage.folder("harness")))

    def run(self, job: Job, *, progress: Progress = silent) -> Ran:
        """Run the harness as `run` does."""
        return run(job, progress=progress)


def python_for(runtime: RuntimePin, *, wheels: Path | None = None, progress: Progress = silent) -> tuple[str, ...]:
    """Return the words that start a Python of this machine that has the runtime, made where there is none.

    It is the runtime's own environment; where the Python that runs edgerec is one that the runtime has no wheel for, it
    is the capsule of this machine's architecture. Raises RuntimeUnavailableError, CapsuleError.
    """
    if (architecture := _of_capsule(runtime)) is None:
        return str(environment.python_for(runtime, wheels=wheels, progress=progress)), "-I"
    made = capsule.ready(architecture, runtime, progress=progress)
    return made.python(str(made.folder))


def refuse_unready(runtime: RuntimePin, wheels: Path | None = None) -> None:
    """Raise RuntimeUnavailableError where `python_for` could not begin; changes nothing."""
    if environment.made(runtime) is None and _of_capsule(runtime) is None:
        environment.refuse_unavailable(runtime, wheels)


def made(runtime: RuntimePin) -> Path | None:
    """Return the folder of the runtime's environment, or of the capsule in its place, None where it is not made yet."""
    if (architecture := _of_capsule(runtime)) is None:
        return environment.made(runtime)
    return capsule.there(architecture, runtime)


def _of_capsule(runtime: RuntimePin) -> str | None:
    """Return the architecture whose capsule stands in for an environment here, None where none has to or can."""
    here = architectures.here()
    if environment.available(runtime) or here is None:
        return None
    try:
        capsule.refuse_unready(here.name, runtime)
    except (CapsuleError, RuntimeUnavailableError):
        return None  # what the environment says is what was asked for
    return here.name


def run(job: Job, *, progress: Progress = silent) -> Ran:
    """Run the harness in a process of its own, in the runtime's own environment, and return what it said.

    `progress` is told each phase as it starts. Raises RunError when the harness refuses, dies or is not done in time,
    RuntimeUnavailableError when the runtime's environment cannot be had.
    """
    python = python_for(job.runtime, progress=progress)
    # Not in /tmp, which is often memory: the model is to be mapped from a disk, as on a device.
    with storage.scratch("run-", within=storage.folder("harness")) as scratch:
        trace = None if job.trace is None else str(job.trace.absolute())
        arguments = job.arguments(str(job.file.absolute()), str(scratch), trace)
        command = (*python, str(zipapp.kept_harness()), *arguments)

        def started(on_line: Progress) -> Ended:
            return child.run(command, environment=_variables(scratch), time_limit_s=job.time_limit_s, on_line=on_line)

        follow(started, job, progress)
        return brought(report.read(scratch / REPORT), job, lambda name: (scratch / name).read_bytes())


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
