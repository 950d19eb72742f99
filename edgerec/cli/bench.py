"""`edgerec bench`: run a bundle or .tflite on a target and report what it measured."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from converters.anatomy import id_limits
from device_tests import report as report_format
from edgerec import storage
from edgerec.cli.against import bench_against
from edgerec.cli.several import bench_fleet, bench_matrix
from edgerec.cli.threads import numbers_of_threads
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.half_rates import float32_ranks
from edgerec.interleaving import PROCESSES
from edgerec.model_file import read_model_file
from edgerec.report.console import style_of
from edgerec.report.device_figures import figures_of
from edgerec.report.device_text import device_json, device_text
from edgerec.report.progress import showing_progress
from edgerec.speed_ratio import FEWEST_PROCESSES
from edgerec.targets import environment, local
from edgerec.targets.asked import asked
from edgerec.targets.job import TIME_LIMIT_S, Job
from edgerec.targets.setting import TargetSetting
from edgerec.targets.turns import in_turn

PHASES = ("memory", "latency", "golden", "quality", "counts")
IDS = ("eval", "uniform", "zipf", "trace")
CALLS = 500
STARTS = 5


@click.command("bench")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", "targets", multiple=True, help="Where it runs, may be repeated; see edgerec targets [local].")
@click.option("--matrix", is_flag=True, help="Try every runtime version: where it loads, holds and agrees.")
@click.option("--runtime", help=f"The runtime [{FILE_NAME}, else {environment.DEFAULT}].")
@click.option(
    "--threads", callback=numbers_of_threads, help=f"Threads of the runtime, or several: 1,2,4 [{FILE_NAME}, else 1]."
)
@click.option("--calls", type=click.IntRange(1, 1_000_000), help=f"Warm calls to time [{FILE_NAME}, else {CALLS}].")
@click.option("--k", type=click.IntRange(min=1), help="Length of the lists [the bundle's own].")
@click.option("--users", type=click.IntRange(min=1), help="Of the bundle's users, for quality [all].")
@click.option("--only", multiple=True, type=click.Choice(PHASES), help="Run this phase only; may be repeated.")
@click.option("--ids", type=click.Choice(IDS), help="Where ids of timed calls come from [eval; uniform for .tflite].")
@click.option("--trace", type=click.Path(path_type=Path), help="For --ids trace: a .npy or text, one call a row.")
@click.option(
    "--starts", type=click.IntRange(1, 100), default=STARTS, show_default=True, help="Processes to time load in."
)
@click.option("--sustained", "sustained_s", type=click.IntRange(1, 86_400), help="Seconds of calls without a pause.")
@click.option("--weight-cache", is_flag=True, help="With LiteRT's cache of packed weights, which counts as storage.")
@click.option("--against", type=click.Path(path_type=Path), help="An older bundle: time both in turns and compare.")
@click.option(
    "--processes",
    type=click.IntRange(FEWEST_PROCESSES, 100),
    default=PROCESSES,
    show_default=True,
    help="For --against: fresh processes of each.",
)
@click.option("--wheels", type=click.Path(path_type=Path), help="A folder of wheels to take the runtime from.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where the report goes; a folder for several.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    *,
    file: Path,
    targets: tuple[str, ...],
    matrix: bool,
    runtime: str | None,
    threads: tuple[int, ...] | None,
    calls: int | None,
    k: int | None,
    users: int | None,
    only: tuple[str, ...],
    ids: str | None,
    trace: Path | None,
    starts: int,
    sustained_s: int | None,
    weight_cache: bool,
    against: Path | None,
    processes: int,
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

    With --against OLD only latency is measured, of both in turns: exit code 1 when FILE is slower.
    """
    if matrix and runtime:
        raise click.UsageError("--matrix tries every runtime; leave --runtime out")
    settings = read_config_if_there().target
    if against is not None and (matrix or len(targets) > 1):
        raise click.UsageError("--against compares two models on one target; leave the other targets or --matrix out")
    first, *more = threads or (None,)
    job = Job(
        file,
        environment.DEFAULT,
        calls=CALLS,
        only=only,
        k=k,
        ids=ids,
        trace=trace,
        weight_cache=weight_cache,
        sustained_s=sustained_s,
        starts=starts,
        more_threads=tuple(one for one in more if one is not None),
        time_limit_s=TIME_LIMIT_S + (sustained_s or 0),
        users=users,
    )
    flags = TargetSetting(runtime, first, calls)
    members = asked(targets or (local.NAME,), job, settings, flags, wheels=wheels)
    model = read_model_file(file)
    if model.bundle is None:
        members = tuple(replace(one, job=replace(one.job, limits=id_limits(model.tflite))) for one in members)
    if against is not None:
        return bench_against(members[0], model, against, output, processes=processes, as_json=as_json)
    if matrix:
        return bench_matrix(members, model, output, as_json=as_json)
    if len(members) > 1:
        return bench_fleet(members, model, output, as_json=as_json)
    if output is not None:
        storage.prepare(output)
    with showing_progress() as progress:
        report = in_turn(members[0].target, members[0].job, progress=progress).report
    if output is not None:
        storage.write_text(output, report_format.dumps(report))
    figures = figures_of(report, float32_ranks(model.bundle))
    if as_json:
        click.echo(json.dumps(device_json(figures, None if output is None else str(output)), indent=2))
    else:
        click.echo(device_text(figures, style_of(sys.stdout)))
        click.echo(f"\nreport: {output}" if output else "\nno report kept; -o REPORT keeps one for `edgerec check`")
    return 0 if report.golden is None or report.golden.held else 1
