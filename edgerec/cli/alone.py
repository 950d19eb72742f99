"""What `edgerec bench` does with one target: its whole report, and benchmark_model beside it where asked for."""

import json
import sys
from pathlib import Path

import click

from device_tests import report as report_format
from edgerec import storage
from edgerec.half_rates import float32_ranks
from edgerec.model_file import ModelFile
from edgerec.report.console import style_of
from edgerec.report.device_figures import figures_of
from edgerec.report.device_text import device_json, device_text
from edgerec.report.native_text import native_json, native_text
from edgerec.report.progress import showing_progress
from edgerec.targets.fleet.fleet import Member
from edgerec.targets.job import Ran
from edgerec.targets.native import find_native, run_native
from edgerec.targets.repeated import run_repeated
from edgerec.targets.turns import opened_in_turn


def bench_alone(
    member: Member, model: ModelFile, output: Path | None, native_path: str | None, *, as_json: bool
) -> int:
    """Measure the model on the target and print all of its report; exit code 1 where golden outputs do not hold.

    The report is kept as soon as there is one: a Ctrl-C in later processes costs theirs alone.
    """
    if output is not None:
        storage.prepare(output)

    def keep(ran: Ran) -> None:
        if output is not None:
            storage.write_text(output, report_format.dumps(ran.report))

    with (
        showing_progress() as progress,
        opened_in_turn(member.target, member.job.runtime, progress=progress) as device,
    ):
        found = find_native(device, member.name, native_path) if native_path else None
        ran = run_repeated(device, member.job, progress=progress, keep=keep)
        keep(ran)
        native = None
        if found is not None:
            progress("benchmark_model")
            native = run_native(found, model.tflite.data, threads=member.job.threads, runs=member.job.calls)
    report = ran.report
    figures = figures_of(report, float32_ranks(model.bundle))
    if as_json:
        told = device_json(figures, None if output is None else str(output)) | native_json(native)
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(device_text(figures, style_of(sys.stdout)))
        if native is not None:
            click.echo(native_text(native, figures, style_of(sys.stdout)))
        click.echo(f"\nreport: {output}" if output else "\nno report kept; -o REPORT keeps one for `edgerec check`")
    return 0 if report.golden is None or report.golden.held else 1
