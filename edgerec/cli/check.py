"""`edgerec check`: may these bundles ship, and why not."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from converters.errors import ConverterError
from device_tests.errors import HarnessError
from edgerec.cli.limits import flag_budget
from edgerec.cli.outputs import OUTPUT_HELP, output_files, write_outputs
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.errors import EdgerecError
from edgerec.gate.from_reports import Expected
from edgerec.gate.plan import check_and_update, plan, read_and_check
from edgerec.report.baseline_text import moved_text
from edgerec.report.console import style_of
from edgerec.report.outcome import Outcome, folder_in_repository
from edgerec.report.verdict_formats import verdict_json
from edgerec.report.verdict_text import verdict_text


@click.command("check")
@click.argument("bundles", nargs=-1, type=click.Path(path_type=Path))
@click.option("--config", "config_path", type=click.Path(path_type=Path), help=f"The budget file [{FILE_NAME}].")
@click.option("--report", "reports", multiple=True, type=click.Path(path_type=Path), help="A report of `bench`.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE", help='A limit, such as p50="2 ms".')
@click.option("--runtime", help="Take figures of this runtime only as proof, such as tflite-runtime==2.14.0.")
@click.option("--threads", type=click.IntRange(min=1), help="Take figures of this many threads only as proof.")
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="The baseline that limits such as +2 % are relative to."
)
@click.option("--update-baseline", is_flag=True, help="Take what became better up in the baseline, then check.")
@click.option("--allow-growth", is_flag=True, help="With --update-baseline: take up what became worse too.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT=FILE", help=OUTPUT_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def command(
    *,
    bundles: tuple[Path, ...],
    config_path: Path | None,
    reports: tuple[Path, ...],
    limits: tuple[str, ...],
    runtime: str | None,
    threads: int | None,
    baseline: Path | None,
    update_baseline: bool,
    allow_growth: bool,
    outputs: tuple[str, ...],
    as_json: bool,
) -> int:
    """Say whether BUNDLES hold their budget, and why not.

    BUNDLES are bundles or bare .tflite files, those of edgerec.toml when none is named. Size, tensors and ops are read
    out of the .tflite itself; latency, memory and quality come only from reports of `edgerec bench` whose digest
    matches. A limit without such a report is unproven, and one whose calls are too noisy to tell inconclusive. Exit
    code 1 when a limit is missed, or undecided and [policy] does not let that pass. What `-o` names is written whatever
    the verdict, and says it too when the input cannot be read (exit code 2).
    """
    if allow_growth and not update_baseline:
        raise click.UsageError("--allow-growth is for --update-baseline: give both, or neither.")
    flags = flag_budget(limits)
    files, folder = output_files(outputs), folder_in_repository(Path.cwd())
    try:
        config = read_config_if_there(config_path)
        expected = Expected(runtime or config.target.runtime, threads or config.target.threads)
        policy = replace(config.policy, baseline=baseline or config.policy.baseline)
        planned = plan(config, bundles, reports, flags)
        if update_baseline:
            updated = check_and_update(planned, expected, policy, allow_growth=allow_growth)
            click.echo(moved_text(updated.moved), err=True)
        verdicts = updated.verdicts if update_baseline else read_and_check(planned, expected, policy)
        outcome = Outcome(verdicts, folder=folder)
    except (EdgerecError, HarnessError, ConverterError) as error:
        write_outputs(Outcome.refused(error, folder), files)
        raise
    write_outputs(outcome, files)
    if as_json:
        click.echo(verdict_json(outcome), nl=False)
    else:
        click.echo("\n\n".join(verdict_text(verdict, style_of(sys.stdout)) for verdict in outcome.verdicts))
    return 0 if outcome.held else 1
