"""What `edgerec bench` does with several targets or runtimes: each report kept as it comes, one table at the end."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from device_tests import report as report_format
from edgerec import storage
from edgerec.fleet_rows import FleetRow, comparable, fleet_rows
from edgerec.half_rates import float32_ranks
from edgerec.matrix import Tried, by_age, matrix
from edgerec.model_file import ModelFile
from edgerec.report.console import style_of
from edgerec.report.fleet_text import fleet_json, fleet_text
from edgerec.report.matrix_text import matrix_json, matrix_text
from edgerec.report.progress import showing_progress
from edgerec.targets import environment
from edgerec.targets.asked import in_every_runtime, report_names
from edgerec.targets.fleet.fleet import Member, Outcome, outcomes

FOR_A_MATRIX = ("golden", "quality")


def bench_fleet(members: Sequence[Member], model: ModelFile, output: Path | None, *, as_json: bool) -> int:
    """Measure the model on every target and print a row each, those that came before a Ctrl-C too.

    Exit code 2 where a target gave no report, 1 where golden outputs do not hold or a target disagrees, else 0.
    """
    asked = tuple(replace(one, job=comparable(one.job, model.bundle)) for one in members)
    rows: tuple[FleetRow, ...] = ()

    def show(came: Sequence[Outcome], kept: dict[str, str]) -> None:
        nonlocal rows
        rows = fleet_rows(asked, came, model.bundle)
        if as_json:
            click.echo(json.dumps(fleet_json(rows, float32_ranks(model.bundle), kept), indent=2))
        else:
            click.echo(fleet_text(rows, style_of(sys.stdout)))

    _ask(asked, output, show)
    if any(one.report is None for one in rows):
        return 2
    return 1 if any(False in (one.golden_held, one.agrees) for one in rows) else 0


def bench_matrix(members: Sequence[Member], model: ModelFile, output: Path | None, *, as_json: bool) -> int:
    """Try the bundle in every runtime on each target and print which an app may use.

    Exit code 0 where the runtime that it was made for may be used, 2 where that could not be tried, else 1.
    """
    bundle = model.bundle
    if bundle is None:
        raise click.UsageError(f"{model.name} is a bare .tflite and promises nothing to try; `edgerec pack` it first")
    phased = tuple(replace(one, job=replace(one.job, only=one.job.only or FOR_A_MATRIX)) for one in members)
    asked = in_every_runtime(
        tuple(replace(one, job=comparable(one.job, bundle)) for one in phased), by_age(environment.known())
    )
    tried: tuple[Tried, ...] = ()

    def show(came: Sequence[Outcome], kept: dict[str, str]) -> None:
        nonlocal tried
        tried = matrix(asked, came, bundle)
        if as_json:
            click.echo(json.dumps(matrix_json(tried, float32_ranks(bundle), kept), indent=2))
        else:
            click.echo(matrix_text(tried, style_of(sys.stdout)))

    _ask(asked, output, show)
    own = [one.usable for one in tried if one.own]
    if not own or None in own:
        return 2
    return 0 if all(own) else 1


def _ask(
    members: Sequence[Member], output: Path | None, show: Callable[[Sequence[Outcome], dict[str, str]], None]
) -> None:
    """Ask every member, write each report into the folder as it comes, and show what came, whatever ends it."""
    names = report_names([one.label for one in members])
    if output is not None:
        storage.prepare(output / names[members[0].label])
    came: list[Outcome] = []
    kept: dict[str, str] = {}
    try:
        with showing_progress() as progress, closing(outcomes(members, progress=progress)) as asked:
            for one in asked:
                came.append(one)
                label = one.member.label
                if output is not None and one.ran is not None:
                    storage.write_text(output / names[label], report_format.dumps(one.ran.report))
                    kept[label] = str(output / names[label])
                progress(f"{label}: {'not measured' if one.ran is None else 'done'}")
    finally:
        if came:
            show(came, kept)
