"""`edgerec search`: the smallest bundle under the budgets and floors, found and proved."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from edgerec import assembly, searching, storage
from edgerec.cli.limits import flag_budget
from edgerec.cli.vocabulary import ITEMS_HELP, USERS_HELP
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.gate.budget import with_floors
from edgerec.program import program
from edgerec.report.console import style_of
from edgerec.report.progress import showing_progress
from edgerec.report.search_text import search_json, search_text
from edgerec.search.asked import Asked

DEFAULT_RECIPE = "int8"


@click.command("search")
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option("--config", "config_path", type=click.Path(path_type=Path), help=f"What flags leave open [{FILE_NAME}].")
@click.option("--recipe", help=f"Whose steps come first, and the precision beside tables [{DEFAULT_RECIPE}].")
@click.option("--data", type=click.Path(), help="Interactions as csv or parquet, or movietweetings.")
@click.option("--items", type=click.Path(path_type=Path), help=f"{ITEMS_HELP} [{FILE_NAME}, else the data's, sorted].")
@click.option("--users", type=click.Path(path_type=Path), help=f"{USERS_HELP} [{FILE_NAME}, else the data's, sorted].")
@click.option("--runtime", help=f"The runtime to measure and prove in [{FILE_NAME}, else the default].")
@click.option("--k", type=click.IntRange(min=1), help="Length of the lists [10].")
@click.option("--seed", type=click.IntRange(min=0), help=f"Seed of the proposals [{FILE_NAME}, else 0].")
@click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE", help='A limit, as download_bytes="100 KiB".')
@click.option("--trials", type=click.IntRange(min=1), help=f"Candidates to try [{FILE_NAME}, else 40].")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; any number gives the same result [the cores].")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The bundle [MODEL-search.edgerec].")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@storage.temporary_files_held()
def command(
    *,
    model: Path | None,
    config_path: Path | None,
    recipe: str | None,
    data: str | None,
    items: Path | None,
    users: Path | None,
    runtime: str | None,
    k: int | None,
    seed: int | None,
    limits: tuple[str, ...],
    trials: int | None,
    workers: int | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Find the smallest bundle of MODEL that holds the budget and the floors, and prove it.

    Candidates differ in how each table is stored. They are tried in rounds on every second test user, by several
    processes, and the smallest that hold are built and proved on the others and on all. The same seed gives the same
    result whatever the number of processes, and a search that was killed goes on where it stopped. Without floors in
    the budget the default ones hold. Exit code 1 when no candidate holds.
    """
    config = read_config_if_there(config_path)
    asked = assembly.Asked(model, data, runtime, k, None, items, users)
    task = assembly.task(config, asked)
    setting = config.search
    setting = replace(setting, trials=trials or setting.trials, seed=setting.seed if seed is None else seed)
    budget = with_floors(config.budget.overridden_by(flag_budget(limits)))
    search = Asked(task, find(recipe or DEFAULT_RECIPE), budget, setting)
    out = storage.prepare(output or Path(f"{task.base.roles.name}-search.edgerec"))
    processes = workers or setting.workers or len(os.sched_getaffinity(0))
    with showing_progress() as progress, Converter() as converter:
        problem = searching.prepare(search, converter, progress=progress)
        found = searching.run(search, problem, out, converter, workers=processes, progress=progress)
    if as_json:
        click.echo(json.dumps(search_json(found, out), indent=2))
    else:
        click.echo(search_text(found, out, program(), style_of(sys.stdout)))
    return 0 if found else 1
