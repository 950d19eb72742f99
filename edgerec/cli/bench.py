"""`edgerec bench`: run a bundle or .tflite on a target and report what it measured."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from converters.anatomy import id_limits
from device_tests import report as report_format
from edgerec import storage
from edgerec.cli.several import bench_fleet, bench_matrix
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.half_rates import float32_ranks
from edgerec.model_file import read_model_file
from edgerec.report.console import style_of
from edgerec.report.device_figures import figures_of
from edgerec.report.device_text import device_json, device_text
from edgerec.report.native_text import native_json, native_text
from edgerec.report.progress import showing_progress
from edgerec.targets import environment, local
from edgerec.targets.asked import asked
from edgerec.targets.job import Job
from edgerec.targets.native import find_native, run_native
from edgerec.targets.setting import TargetSetting
from edgerec.targets.turns import opened_in_turn

PHASES = ("memory", "latency", "golden", "quality")
CALLS = 500


@click.command("bench")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", "targets", multiple=True, help="Where it runs, may be repeated; see edgerec targets [local].")
@click.option("--matrix", is_flag=True, help="Try every runtime version: where it loads, holds and agrees.")
@click.option("--runtime", help=f"The runtime [{FILE_NAME}, else {environment.DEFAULT}].")
@click.option("--threads", type=click.IntRange(min=1), help=f"Threads of the runtime [{FILE_NAME}, else 1].")
@click.option("--calls", type=click.IntRange(1, 1_000_000), help=f"Warm calls to time [{FILE_NAME}, else {CALLS}].")
@click.option("--k", type=click.IntRange(min=1), help="Length of the lists [the bundle's own].")
@click.option("--only", multiple=True, type=click.Choice(PHASES), help="Run this phase only; may be repeated.")
@click.option("--native", "native_path", help="A benchmark_model to run beside; a file here, or on the device.")
@click.option("--wheels", type=click.Path(path_type=Path), help="A folder of wheels to take the runtime from.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where the report goes; a folder for several.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    *,
    file: Path,
    targets: tuple[str, ...],
    matrix: bool,
    runtime: str | None,
    threads: int | None,
    calls: int | None,
    k: int | None,
    only: tuple[str, ...],
    native_path: str | None,
    wheels: Path | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Run FILE, a bundle or a bare .tflite, on a target and report what it measured.

    Golden outputs, quality, latency and memory, in the runtime that ships, in a process of its own. A bare .tflite has
    no users: of it only latency and memory are measured. Exit code 1 when golden outputs do not hold.

    Several targets give one row each, compared with the first: exit code 2 when one of them gave no report, 1 when
    golden outputs do not hold or a target disagrees. With --matrix it is tried in every runtime version that can be
    had, and 1 says that its own one is none that an app may use. Runs on one device take turns.
    """
    if matrix and runtime:
        raise click.UsageError("--matrix tries every runtime; leave --runtime out")
    if native_path and (matrix or len(targets) > 1):
        raise click.UsageError("--native runs on one target; name one alone, without --matrix")
    settings = read_config_if_there().target
    job = Job(file, environment.DEFAULT, calls=CALLS, only=only, k=k)
    flags = TargetSetting(runtime, threads, calls)
    members = asked(targets or (local.NAME,), job, settings, flags, wheels=wheels)
    model = read_model_file(file)
    if model.bundle is None:
        members = tuple(replace(one, job=replace(one.job, limits=id_limits(model.tflite))) for one in members)
    if matrix:
        return bench_matrix(members, model, output, as_json=as_json)
    if len(members) > 1:
        return bench_fleet(members, model, output, as_json=as_json)
    if output is not None:
        storage.prepare(output)
    (member,) = members
    with (
        showing_progress() as progress,
        opened_in_turn(member.target, member.job.runtime, progress=progress) as device,
    ):
        found = find_native(device, member.name, native_path) if native_path else None
        report = device.run(member.job, progress=progress).report
        native = None
        if found is not None:
            progress("benchmark_model")
            native = run_native(found, model.tflite.data, threads=member.job.threads, runs=member.job.calls)
    if output is not None:
        storage.write_text(output, report_format.dumps(report))
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
