"""A run of the harness followed to its end, on whatever device: the phases it announces, and why it gave no report."""

from collections.abc import Callable, Sequence

from edgerec.progress import Progress
from edgerec.targets.child import Ended
from edgerec.targets.job import Job
from edgerec.targets.target import RunError

REFUSED = 2
_ANNOUNCES = "phase "
_ERROR = "error: "


def follow(started: Callable[[Progress], Ended], job: Job, progress: Progress) -> None:
    """Run the harness with `started`, which is given what to call with each line of its stderr.

    `progress` is told each phase as it starts. Raises RunError, with the phase it was in, when its end is no good one.
    """
    phase = "start"

    def on_line(line: str) -> None:
        nonlocal phase
        if line.startswith(_ANNOUNCES):
            phase = line.removeprefix(_ANNOUNCES).strip()
            progress(phase)

    ended = started(on_line)
    where = f"in phase {phase} under {job.runtime}"
    last = _last(ended.lines)
    if ended.timed_out:
        raise RunError(
            f"The harness was not done after {job.time_limit_s:g} s, {where}, and was ended. "
            "Give it a smaller --calls or one phase with --only."
        )
    if ended.signal_name:
        cause = "memory ran out" if ended.signal_name == "SIGKILL" else "the runtime cannot run this model"
        raise RunError(
            f"The harness was killed by {ended.signal_name} {where}: most likely {cause}. "
            "Convert the model for this runtime, or try another with --runtime."
        )
    if ended.code == REFUSED:
        raise RunError(last.removeprefix(_ERROR))
    if ended.code:
        raise RunError(f"The harness failed with exit code {ended.code} {where}: {last}.")


def _last(lines: Sequence[str]) -> str:
    """Give the last error, after which a runtime may go on to say what it closes, else the last line."""
    errors = [line for line in lines if line.startswith(_ERROR)]
    return (errors or list(lines) or ["it said nothing"])[-1]
