"""`qemu:CPU`: the harness under QEMU's user-mode emulator, which counts exactly and whose time means nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from device_tests import report
from device_tests.bundle import Bundle
from device_tests.report import DeviceReport
from edgerec.model_file import read_model_file
from edgerec.progress import Progress, silent
from edgerec.targets import child, environment
from edgerec.targets.capsules import capsule
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.child import Ended
from edgerec.targets.emulator import plugin
from edgerec.targets.emulator.processors import Processor, processor
from edgerec.targets.emulator.python import EmulatedPython, prepared
from edgerec.targets.emulator.same_answers import EMULATED
from edgerec.targets.environment import RuntimePin, RuntimeUnavailableError
from edgerec.targets.following import follow
from edgerec.targets.job import REPORT, Job, Ran, brought
from edgerec.targets.target import HERE, RunError, UnreachableError

SCHEME = "qemu"
COUNTS = "counts"
POINTWISE_USERS = 200
"""Users that a pointwise model ranks for where no number is asked for: each takes a call with every item."""

_CRASHES = frozenset({"ai-edge-litert==2.3.0"})  # of a segmentation fault when the interpreter is made


@dataclass(frozen=True)
class Emulator:
    """A processor under QEMU's user-mode emulator, by the name that `qemu-aarch64 -cpu help` gives it."""

    cpu: str

    @property
    def name(self) -> str:
        """The name that it was asked for by."""
        return f"{SCHEME}:{self.cpu}"

    @property
    def device(self) -> str:
        """This machine, whose time an emulator takes."""
        return HERE

    def refuse_unready(self, runtime: RuntimePin) -> None:
        """Raise UnreachableError without QEMU or such a processor, RuntimeUnavailableError for what crashes there.

        Raises CapsuleError where there is no capsule and none can be built.
        """
        found = processor(self.cpu)
        _refuse_crashing(runtime)
        capsule.refuse_unready(found.architecture, runtime)

    @contextmanager
    def opened(self, runtime: RuntimePin, *, progress: Progress) -> Iterator["EmulatedDevice"]:
        """Have the capsule, its compiled modules and the plugin at hand. Raises UnreachableError and of the capsule."""
        found = processor(self.cpu)
        _refuse_crashing(runtime)
        yield device(found, capsule.ready(found.architecture, runtime, progress=progress), progress=progress)


def sampled(job: Job, bundle: Bundle | None) -> Job:
    """Return the job with a number of users for quality, where none is asked for and every one is a call an item."""
    pointwise = bundle is not None and bundle.manifest.kind == "pointwise"
    return replace(job, users=POINTWISE_USERS) if pointwise and job.users is None else job


def wants_counts(job: Job) -> bool:
    """Return whether a job asks for counts: by name, or for everything."""
    return not job.only or COUNTS in job.only


def without_counts(job: Job) -> tuple[str, ...]:
    """Return the phases that a job asks for by name but the counts."""
    return tuple(phase for phase in job.only if phase != COUNTS)


def uncounted(made: DeviceReport, why: str) -> DeviceReport:
    """Return the report with the warning that nothing was counted."""
    return replace(made, warnings=(*made.warnings, f"instructions were not counted: {why}"))


def device(found: Processor, unpacked: Capsule, *, progress: Progress = silent) -> "EmulatedDevice":
    """Return the device that a processor and a capsule make; what cannot be counted there it says in each report."""
    python = prepared(found, unpacked, progress=progress)
    try:
        counting, obstacle = plugin.built(found, python.trial, progress=progress), ""
    except plugin.NoPluginError as why:
        counting, obstacle = None, str(why)
    return EmulatedDevice(python, counting, obstacle)


@dataclass(frozen=True)
class EmulatedDevice:
    """A capsule's Python under an emulator, with the plugin that counts or the reason why there is none."""

    python: EmulatedPython
    plugin: Path | None
    obstacle: str = ""

    def run(self, job: Job, *, progress: Progress = silent) -> Ran:
        """Run the harness as Device.run does; what is counted in a process of its own, where nothing else ever runs.

        Raises UnreachableError when counts alone are asked for and cannot be had, and RunError.
        """
        bundle = read_model_file(job.file).bundle
        others, obstacle = without_counts(job), self._obstacle(job)
        only_counts = bool(job.only) and not others
        if only_counts and obstacle:
            raise UnreachableError(f"Nothing can be counted: {obstacle}.")
        if only_counts or (bundle is None and not others and not obstacle):
            return Ran(self._told(self._counted(job, progress)))
        ran = self._ran(sampled(replace(job, only=others, provenance=EMULATED), bundle), progress)
        return replace(ran, report=self.with_counts(job, self._told(ran.report), progress=progress))

    def with_counts(self, job: Job, made: DeviceReport, *, progress: Progress = silent) -> DeviceReport:
        """Return a report of the job with the counts that it asks for, or a warning that says why there are none."""
        if not wants_counts(job):
            return made
        obstacle = self._obstacle(job)
        if not obstacle:
            try:
                return replace(made, counts=self._counted(job, progress).counts)
            except RunError as why:  # costs nothing of what was measured before
                obstacle = str(why)
        return uncounted(made, obstacle)

    def _obstacle(self, job: Job) -> str:
        """Return why nothing of a job can be counted, empty where it can."""
        return self.obstacle or ("" if job.threads == 1 else f"counts are exact with 1 thread, not {job.threads}")

    def _counted(self, job: Job, progress: Progress) -> DeviceReport:
        """Count, in a process that is the same to the last byte of its arguments whatever else is asked."""
        always = Job(job.file, job.runtime, limits=job.limits, only=(COUNTS,), provenance=EMULATED)
        return self._ran(replace(always, time_limit_s=job.time_limit_s), progress, counting=self.plugin).report

    def _ran(self, job: Job, progress: Progress, *, counting: Path | None = None) -> Ran:
        with self.python.placed() as place:
            file, meter = place.folder / "bundle", place.folder / COUNTS
            file.symlink_to(job.file.absolute())
            trace = None if job.trace is None else str(job.trace.absolute())
            arguments = job.arguments(str(file), str(place.folder), trace)
            if counting is None:
                command = place.harness(*arguments)
            else:
                command = place.harness(*arguments, "--meter", str(meter), options=plugin.option(counting, meter))

            def started(on_line: Progress) -> Ended:
                variables, limit = place.variables, job.time_limit_s
                return child.run(command, environment=variables, time_limit_s=limit, on_line=on_line)

            follow(started, job, progress)
            return brought(report.read(place.folder / REPORT), job, lambda name: (place.folder / name).read_bytes())

    def _told(self, made: DeviceReport) -> DeviceReport:
        """Name the emulated processor, and leave out what was read of the machine and process that emulate it."""
        board = replace(made.board, cpu=str(self.python.processor), memory_bytes=None)
        memory = None if made.memory is None else replace(made.memory, peak=None)
        return replace(made, board=board, memory=memory, conditions=None)


def _refuse_crashing(runtime: RuntimePin) -> None:
    if str(runtime) in _CRASHES:
        others = ", ".join(str(pin) for pin in environment.known() if str(pin) not in _CRASHES)
        raise RuntimeUnavailableError(f"{runtime} crashes under QEMU's user-mode emulator; use {others}.")
