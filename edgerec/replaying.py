"""A contract with the last word: what became of a bundle's golden outputs in that very runtime."""

from dataclasses import replace
from pathlib import Path

from converters.finding import Evidence, Finding
from edgerec.contracting import Contract, ContractError, Subject
from edgerec.progress import Progress, silent
from edgerec.targets import local
from edgerec.targets.environment import RuntimePin
from edgerec.targets.job import Job
from edgerec.targets.target import RunError


def replayed(judged: Contract, subject: Subject, pin: RuntimePin, *, progress: Progress = silent) -> Contract:
    """Add what became of the bundle's golden outputs in the runtime's own environment, which has the last word.

    Raises ContractError for a bare .tflite, which has none, and RuntimeUnavailableError.
    """
    if not subject.runtime:
        raise ContractError(f"{subject.path} is no bundle and has no golden outputs to replay; pack it (edgerec pack).")
    seen = _replay(subject.path, pin, progress)
    if not seen:
        return replace(judged, replayed=True)
    remedy = f"convert for it (edgerec convert MODEL --runtime {pin}) and pack the bundle again"
    missed = Finding("golden-missed", "error", "the whole model", Evidence(seen, str(pin), local.NAME), remedy)
    return replace(judged, findings=(missed, *judged.findings), replayed=True)


def _replay(path: Path, pin: RuntimePin, progress: Progress) -> str:
    """Return why the golden outputs do not hold, "" where they do."""
    try:
        golden = local.run(Job(path, pin, only=("golden",)), progress=progress).report.golden
    except RunError as why:
        return str(why).rstrip(".")
    if golden is None:
        return "the harness reported no golden result"
    return "" if golden.held else golden.reason.rstrip(".")
