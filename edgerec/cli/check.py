"""`edgerec check`: may these bundles ship, and why not."""

import json
import sys
from pathlib import Path

import click

from edgerec.cli.limits import flag_budget
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.gate.from_reports import Conditions
from edgerec.gate.plan import plan, read_and_check
from edgerec.report.console import style_of
from edgerec.report.verdict_text import verdict_text, verdicts_json


@click.command("check")
@click.argument("bundles", nargs=-1, type=click.Path(path_type=Path))
@click.option("--config", "config_path", type=click.Path(path_type=Path), help=f"The budget file [{FILE_NAME}].")
@click.option("--report", "reports", multiple=True, type=click.Path(path_type=Path), help="A report of `bench`.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE", help='A limit, such as p50="2 ms".')
@click.option("--runtime", help="Take figures of this runtime only as proof, such as tflite-runtime==2.14.0.")
@click.option("--threads", type=click.IntRange(min=1), help="Take figures of this many threads only as proof.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def command(
    *,
    bundles: tuple[Path, ...],
    config_path: Path | None,
    reports: tuple[Path, ...],
    limits: tuple[str, ...],
    runtime: str | None,
    threads: int | None,
    as_json: bool,
) -> int:
    """Say whether BUNDLES hold their budget, and why not.

    BUNDLES are bundles or bare .tflite files, those of edgerec.toml when none is named. Size, tensors and ops are read
    out of the .tflite itself; latency, memory and quality come only from reports of `edgerec bench` whose digest
    matches. A limit without such a report is unproven. Exit code 1 when a limit is missed or unproven.
    """
    config = read_config_if_there(config_path)
    flags = flag_budget(limits)
    conditions = Conditions(runtime or config.target.runtime, threads or config.target.threads)
    verdicts = read_and_check(plan(config, bundles, reports, flags), conditions)
    if as_json:
        click.echo(json.dumps(verdicts_json(verdicts), indent=2))
    else:
        click.echo("\n\n".join(verdict_text(verdict, style_of(sys.stdout)) for verdict in verdicts))
    return 0 if all(verdicts) else 1
