"""`edgerec bench`: run a bundle or .tflite on a target and report what it measured."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from converters.signature_limits import id_limits
from edgerec.cli.against import bench_against
from edgerec.cli.alone import bench_alone
from edgerec.cli.several import bench_fleet, bench_matrix
from edgerec.cli.threads import numbers_of_threads
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.interleaving import PROCESSES
from edgerec.model_file import read_model_file
from edgerec.speed_ratio import FEWEST_PROCESSES
from edgerec.targets import environment, local
from edgerec.targets.asked import asked
from edgerec.targets.cleaning import clean_all
from edgerec.targets.job import TIME_LIMIT_S, Job
from edgerec.targets.setting import TargetSetting

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
@click.option("--native", "native_path", help="A benchmark_model to run beside; a file here, or on the device.")
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
@click.option("--clean", is_flag=True, help="Then remove what edgerec keeps on the targets.")
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
    native_path: str | None,
    ids: str | None,
    trace: Path | None,
    starts: int,
    sustained_s: int | None,
    weight_cache: bool,
    against: Path | None,
    processes: int,
    clean: bool,
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
    if matrix or len(targets) > 1:
        _refuse_several({"--native": native_path, "--against": against})
    settings = read_config_if_there().target
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
        code = bench_against(members[0], model, against, output, processes=processes, as_json=as_json)
    elif matrix:
        code = bench_matrix(members, model, output, as_json=as_json)
    elif len(members) > 1:
        code = bench_fleet(members, model, output, as_json=as_json)
    else:
        code = bench_alone(members[0], model, output, native_path, as_json=as_json)
    if clean:
        clean_all([one.target for one in members])
    return code


def _refuse_several(for_one: Mapping[str, object]) -> None:
    for option, given in for_one.items():
        if given:
            raise click.UsageError(f"{option} is for one target; leave the other targets or --matrix out")
