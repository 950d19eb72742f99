"""What `edgerec bench NEW --against OLD` does: both timed in turns on one target, and what that tells."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from converters.signature_limits import id_limits
from edgerec import storage
from edgerec.interleaving import Interleaved, in_turns, refuse_other_ids
from edgerec.model_file import ModelFile, read_model_file
from edgerec.report.console import style_of
from edgerec.report.interleaved_text import interleaved_json, interleaved_text
from edgerec.report.progress import showing_progress
from edgerec.targets.fleet.fleet import Member
from edgerec.targets.job import Job
from edgerec.targets.turns import opened_in_turn


def bench_against(
    member: Member, new: ModelFile, against: Path, output: Path | None, *, processes: int, as_json: bool
) -> int:
    """Time the new model against the old one on a target and print the ratio; exit code 1 when it is slower."""
    old = read_model_file(against)
    refuse_other_ids(old.bundle, new.bundle, member.job.ids)
    job = replace(member.job, only=("latency",), starts=1, more_threads=(), sustained_s=None)
    if output is not None:
        storage.prepare(output)
    found = Interleaved((), ())
    try:
        with showing_progress() as progress, opened_in_turn(member.target, job.runtime, progress=progress) as device:
            sides = _of(job, old, against), _of(job, new, job.file)
            for so_far in in_turns(device, *sides, processes=processes, progress=progress):
                found = so_far
    finally:
        if found.old or found.new:
            _show(found, output, as_json=as_json)
    return 1 if found.outcome == "slower" else 0


def _of(job: Job, model: ModelFile, path: Path) -> Job:
    return replace(job, file=path, limits=id_limits(model.tflite) if model.bundle is None else {})


def _show(found: Interleaved, output: Path | None, *, as_json: bool) -> None:
    """Print what came and keep it, whatever ended it."""
    told = interleaved_json(found)
    if output is not None:
        storage.write_text(output, json.dumps(told) + "\n")
    click.echo(json.dumps(told, indent=2) if as_json else interleaved_text(found, style_of(sys.stdout)))
