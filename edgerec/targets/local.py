"""This machine as a target: the harness in a process of its own, with nothing but the runtime and numpy."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from device_tests import report
from device_tests.report import DeviceReport
from edgerec import storage
from edgerec.errors import EdgerecError
from edgerec.progress import Progress, silent
from edgerec.targets import child, environment, zipapp
from edgerec.targets.environment import RuntimePin

REFUSED = 2
TIME_LIMIT_S = 900.0


class LocalRunError(EdgerecError):
    """A run on this machine that gave no report."""


def run(
    bundle: Path,
    *,
    runtime: RuntimePin,
    threads: int = 1,
    calls: int = 500,
    only: Sequence[str] = (),
    k: int | None = None,
    lists: Path | None = None,
    scores: Path | None = None,
    limits: Mapping[str, int] | None = None,
    wheels: Path | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    progress: Progress = silent,
) -> DeviceReport:
    """Run the harness on a bundle, or a bare .tflite, in the runtime's own environment and return what it reported.

    `only` names the phases to run (all when empty), `lists` is where the top-k lists go, `scores` where the scores of
    the golden users that have decoded ones go (float32 [users, items]), `limits` are the ids that each input of a bare
    .tflite takes. `progress` is told each phase as it starts. Raises LocalRunError when the harness refuses, dies or is
    not done in time, RuntimeUnavailableError when the runtime's environment cannot be had.
    """
    python = environment.python_for(runtime, wheels=wheels, progress=progress)
    # Not in /tmp, which is often memory: the model is to be mapped from a disk, as on a device.
    with storage.scratch("run-", within=storage.folder("harness")) as scratch:
        written = scratch / "report.json"
        ranked, scored = scratch / "lists.npy", scratch / "scores.npy"
        command = [
            *(str(python), "-I", str(zipapp.kept_harness()), str(bundle.absolute()), "--report", str(written)),
            *("--runtime", runtime.name, "--threads", str(threads), "--calls", str(calls)),
            *(("--only", ",".join(only)) if only else ()),
            *(("--k", str(k)) if k is not None else ()),
            *(("--lists", str(ranked)) if lists else ()),
            *(("--scores", str(scored)) if scores else ()),
            *(("--limits", *(f"{name}={ids}" for name, ids in limits.items())) if limits else ()),
        ]
        _follow(command, runtime, scratch, time_limit_s, progress)
        if lists:
            storage.write_bytes(lists, ranked.read_bytes())
        if scores:
            storage.write_bytes(scores, scored.read_bytes())
        return report.read(written)


def _follow(
    command: Sequence[str], runtime: RuntimePin, scratch: Path, time_limit_s: float, progress: Progress
) -> None:
    """Run the harness to its end and raise LocalRunError, with the phase it was in, when that is not a good one."""
    phase = "start"

    def on_line(line: str) -> None:
        nonlocal phase
        if line.startswith("phase "):
            phase = line.removeprefix("phase ").strip()
            progress(phase)

    ended = child.run(command, environment=_variables(scratch), time_limit_s=time_limit_s, on_line=on_line)
    where = f"in phase {phase} under {runtime}"
    last = ended.lines[-1] if ended.lines else "it said nothing"
    if ended.timed_out:
        raise LocalRunError(
            f"The harness was not done after {time_limit_s:g} s, {where}, and was ended. "
            "Give it a smaller --calls or one phase with --only."
        )
    if ended.signal_name:
        cause = "memory ran out" if ended.signal_name == "SIGKILL" else "the runtime cannot run this model"
        raise LocalRunError(
            f"The harness was killed by {ended.signal_name} {where}: most likely {cause}. "
            "Convert the model for this runtime, or try another with --runtime."
        )
    if ended.code == REFUSED:
        raise LocalRunError(last.removeprefix("error: "))
    if ended.code:
        raise LocalRunError(f"The harness failed with exit code {ended.code} {where}: {last}.")


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
