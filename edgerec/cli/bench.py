"""`edgerec bench`: run a bundle or .tflite on a target and report what it measured."""

import json
import sys
from pathlib import Path

import click

from converters.anatomy import id_limits
from device_tests import report as report_format
from edgerec import storage
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.half_rates import float32_ranks
from edgerec.model_file import read_model_file
from edgerec.report.console import style_of
from edgerec.report.device_figures import figures_of
from edgerec.report.device_text import device_json, device_text
from edgerec.report.native_text import native_json, native_text
from edgerec.report.progress import showing_progress
from edgerec.targets import environment, local
from edgerec.targets.job import Job
from edgerec.targets.naming import target_of
from edgerec.targets.native import find_native, run_native

PHASES = ("memory", "latency", "golden", "quality")
CALLS = 500


@click.command("bench")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", default=local.NAME, show_default=True, help="Where it runs; see edgerec targets.")
@click.option("--runtime", help=f"The runtime [{FILE_NAME}, else {environment.DEFAULT}].")
@click.option("--threads", type=click.IntRange(min=1), help=f"Threads of the runtime [{FILE_NAME}, else 1].")
@click.option("--calls", type=click.IntRange(1, 1_000_000), help=f"Warm calls to time [{FILE_NAME}, else {CALLS}].")
@click.option("--k", type=click.IntRange(min=1), help="Length of the lists [the bundle's own].")
@click.option("--only", multiple=True, type=click.Choice(PHASES), help="Run this phase only; may be repeated.")
@click.option("--native", "native_path", help="A benchmark_model to run beside; a file here, or on the device.")
@click.option("--wheels", type=click.Path(path_type=Path), help="A folder of wheels to take the runtime from.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where the report goes.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    *,
    file: Path,
    target: str,
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
    """
    there = target_of(target, wheels=wheels)
    settings = read_config_if_there().target
    model = read_model_file(file)
    if output is not None:
        storage.prepare(output)
    job = Job(
        file,
        environment.parse(runtime or settings.runtime or str(environment.DEFAULT)),
        threads=threads or settings.threads or 1,
        calls=calls or settings.calls or CALLS,
        only=only,
        k=k,
        limits=id_limits(model.tflite) if model.bundle is None else {},
    )
    with showing_progress() as progress, there.opened(job.runtime, progress=progress) as device:
        found = find_native(device, target, native_path) if native_path else None
        report = device.run(job, progress=progress).report
        native = None
        if found is not None:
            progress("benchmark_model")
            native = run_native(found, model.tflite.data, threads=job.threads, runs=job.calls)
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
