"""A device at the end of a shell: what it needs sent once, the harness run there, followed, and taken up again."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from device_tests import report
from device_tests.errors import ReportError
from edgerec.progress import Progress, silent
from edgerec.targets import zipapp
from edgerec.targets.capsules.capsule import Capsule
from edgerec.targets.child import KEPT_LINES, Ended
from edgerec.targets.following import follow
from edgerec.targets.job import REPORT, Job, Ran, brought
from edgerec.targets.remote.run import DeviceRun
from edgerec.targets.remote.store import Store
from edgerec.targets.shell import ConnectionLostError, Shell
from edgerec.targets.target import RunError, UnreachableError

RECONNECT_S = 60.0
_PAUSES_S = (0.5, 1.0, 2.0, 4.0)
_SIGNALS = 128
_INTERRUPTED = 130  # what the harness itself answers a signal with

Said = TypeVar("Said")


@dataclass(frozen=True)
class RemoteDevice:
    """A device that is open: `python` are the words that start its Python there, which has numpy and the runtime.

    A broken connection is made anew for `reconnect_s`; after that the run is left there, and the next one of the same
    job takes it up.
    """

    shell: Shell
    python: tuple[str, ...]
    reconnect_s: float = RECONNECT_S

    def run(self, job: Job, *, progress: Progress = silent) -> Ran:
        """Run the harness once, detached from the connection, and give what it said.

        Raises RunError when the harness refuses, dies or is not done in time, UnreachableError when the device cannot
        be reached any more, NoSpaceError when it is full.
        """
        store = Store(self.shell, self.python)
        again = _Again(self.shell.name, self.reconnect_s, progress)
        file = again(lambda: store.file(job.file, progress=progress))
        given = job.trace
        trace = None if given is None else again(lambda: store.file(given, progress=progress))
        harness = again(lambda: store.file(zipapp.kept_harness(), progress=progress))
        wanted = DeviceRun(self.shell, _key(job, (*self.python, file, str(trace), harness)))
        command = (*self.python, "-IB", harness, *job.arguments(file, ".", trace))  # a run works in its own folder
        run = wanted
        try:
            run = again(lambda: wanted.start(command, job.time_limit_s))

            def started(on_line: Progress) -> Ended:
                # The device knows the file by its digest; who reads of it knows its name.
                return _followed(run, again, on_line, (file.rpartition("/")[2], job.file.name))

            follow(started, job, progress)
            ran = again(lambda: _taken(run, job))
        except ConnectionLostError:
            raise  # what runs there is taken up by the next run of this job
        except BaseException:
            with suppress(UnreachableError):  # what matters is why it ended
                run.stop()
            raise
        with suppress(UnreachableError):
            again(run.stop)
        return ran


@dataclass(frozen=True)
class _Again:
    """Calls that are made again while the connection is broken, for as long as the device may take to come back."""

    name: str
    reconnect_s: float
    progress: Progress

    def __call__(self, call: Callable[[], Said]) -> Said:
        began = time.monotonic()
        for pause_s in _pauses():
            try:
                return call()
            except ConnectionLostError as lost:
                if time.monotonic() - began + pause_s > self.reconnect_s:
                    raise ConnectionLostError(
                        f"{lost} It was not back after {self.reconnect_s:g} s. What ran there goes on: "
                        "run the same command again to take it up."
                    ) from lost
            self.progress(f"connecting to {self.name} again")
            time.sleep(pause_s)
        raise AssertionError  # the pauses do not end


def _pauses() -> Iterator[float]:
    yield from _PAUSES_S
    while True:
        yield _PAUSES_S[-1]


def _followed(run: DeviceRun, again: _Again, on_line: Progress, names: tuple[str, str]) -> Ended:
    """Tell each line of the run's stderr until it ends, with the second of `names` where it has the first."""
    known_bytes, rest = 0, ""
    lines: list[str] = []
    while True:
        found = again(lambda: run.look(known_bytes))  # noqa: B023 -- called at once
        known_bytes = found.size_bytes
        *whole, rest = f"{rest}{found.text}".split("\n")
        if found.ended is not None and rest:
            whole.append(rest)
        for line in whole:
            lines.append(line.rstrip().replace(*names))
            on_line(lines[-1])
        if found.ended is not None:
            return Ended(_code(found.ended), tuple(lines[-KEPT_LINES:]), timed_out=found.ended == "late")


def _code(ended: str) -> int:
    """Give an exit code as `child` does, minus the signal that killed it, of what the device's shell says."""
    code = int(ended) if ended.isdigit() else 1
    return _SIGNALS - code if code > _SIGNALS and code != _INTERRUPTED else code


def _taken(run: DeviceRun, job: Job) -> Ran:
    try:
        made = report.loads(run.shell.take(f"{run.folder}/{REPORT}").decode())
    except (ReportError, UnicodeDecodeError) as error:
        raise RunError(f"What came from {run.shell.name} is not a report: {error}. Run this again.") from error
    return brought(made, job, lambda name: run.shell.take(f"{run.folder}/{name}"))


def with_capsule(shell: Shell, capsule: Capsule, *, progress: Progress = silent) -> RemoteDevice:
    """Give the device of a shell with a capsule, which is sent where it is not there whole.

    Raises UnreachableError, NoSpaceError.
    """
    again = _Again(shell.name, RECONNECT_S, progress)
    store = Store(shell)
    again(store.prepare)
    return RemoteDevice(
        shell, capsule.python(again(lambda: store.tree(capsule.folder, capsule.python, progress=progress)))
    )


def with_python(shell: Shell, python: tuple[str, ...]) -> RemoteDevice:
    """Give the device of a shell that has numpy and the runtime in a Python of its own. Raises UnreachableError."""
    Store(shell, python).prepare()
    return RemoteDevice(shell, python)


def _key(job: Job, things: tuple[str, ...]) -> str:
    """Name a run by all that decides what it says, so that the same one is found again."""
    asked = [*job.arguments("", ""), str(job.runtime), f"{job.time_limit_s:g}", *things]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
