"""`edgerec compress`: a trained Keras recommender and a recipe become a proved bundle."""

import json
import sys
from pathlib import Path

import click

from device_tests import bundle as bundle_format
from device_tests.bundle import Bundle
from edgerec import assembly, looping, storage
from edgerec.assembly import Asked
from edgerec.build import Task, build
from edgerec.cli.vocabulary import ITEMS_HELP, USERS_HELP
from edgerec.cli.warning import warned
from edgerec.compress.conversion import Converter
from edgerec.compress.finding import find
from edgerec.compress.forecast import forecast
from edgerec.compress.recipe import Recipe
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.doubts import below_most_popular, guessed_padding
from edgerec.program import program
from edgerec.report.compressed_text import built_json, built_text, forecast_json, forecast_text
from edgerec.report.console import style_of
from edgerec.report.loop_text import loop_json, loop_text, round_line
from edgerec.report.progress import showing_progress
from edgerec.report.updated_text import updated_json, updated_text
from edgerec.updates.assembly import weeks_of
from edgerec.updates.update import Weeks, update

DEFAULT_RECIPE = "int8"
PATH = click.Path(path_type=Path)


@click.command("compress")
@click.argument("model", required=False, type=PATH)
@click.option(
    "--recipe",
    help=f"A recipe of `edgerec recipes` or a .toml file [{FILE_NAME}, else of --from, else {DEFAULT_RECIPE}].",
)
@click.option("--data", type=click.Path(), help="Interactions as csv or parquet, or movietweetings.")
@click.option("--items", type=PATH, help=f"{ITEMS_HELP} [{FILE_NAME}, else the data's, sorted].")
@click.option("--users", type=PATH, help=f"{USERS_HELP} [{FILE_NAME}, else the data's, sorted].")
@click.option("--runtime", help=f"The runtime to convert for and prove in [{FILE_NAME}, else the default].")
@click.option("--k", type=click.IntRange(min=1), help="Length of the lists [10].")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of split, training and samples [that of the data].")
@click.option("--from", "before", type=PATH, help="The bundle to update: only rows with new interactions change.")
@click.option(
    "--new-interactions",
    "new",
    multiple=True,
    type=PATH,
    help=f"What came since the first bundle, once for each update, the last one last [{FILE_NAME}].",
)
@click.option("-o", "--output", type=PATH, help="The bundle [MODEL-RECIPE.edgerec, of an update FROM-next.edgerec].")
@click.option("--dry-run", is_flag=True, help="Show steps, predicted bytes and what is cached; do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@storage.temporary_files_held()
def command(
    *,
    model: Path | None,
    recipe: str | None,
    data: str | None,
    items: Path | None,
    users: Path | None,
    runtime: str | None,
    k: int | None,
    seed: int | None,
    before: Path | None,
    new: tuple[Path, ...],
    output: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Make a bundle of MODEL, a legacy Keras .keras or .h5 file, and replay its golden outputs in the device runtime.

    Steps that were finished before are taken from the cache, so an interrupted run goes on where it stopped.
    A recipe with a [loop] grows round by round until the [budget] of edgerec.toml ends it, and the best round is the
    bundle; exit code 1 where none holds. With --from and --new-interactions it makes the next bundle, a small patch
    away, and says what a rebuild would cost.
    """
    if before is None and new:
        raise click.UsageError("--new-interactions goes with --from, the bundle that they came after")
    if before is not None and dry_run:
        raise click.UsageError("--dry-run tells the steps of a first bundle, and --from makes an update")
    config = read_config_if_there()
    bundle = None if before is None else bundle_format.read(before)
    chosen = find(recipe or config.recipe or (DEFAULT_RECIPE if bundle is None else bundle.manifest.recipe))
    if chosen.loop is not None and before is not None:
        raise click.UsageError(f"{chosen.name} has a loop, and --from updates a bundle by the recipe that made it")
    asked = Asked(model, data, runtime, k, seed, items, users)
    task = assembly.task(config, asked)
    guessed = guessed_padding(task.base.roles, assembly.model_setting(config, asked).inputs)
    if dry_run:
        return _forecast(task, chosen, guessed, as_json=as_json)
    if before is not None and bundle is not None:
        weeks = weeks_of(config, asked, new)
        out = storage.prepare(output or before.with_name(f"{before.stem}-next.edgerec"))
        return _update(task, chosen, weeks, bundle, out=out, guessed=guessed, as_json=as_json)
    out = storage.prepare(output or Path(f"{task.base.roles.name}-{chosen.name}.edgerec"))
    if chosen.loop is not None:
        return _loop(looping.Asked(task, chosen, config.budget), out, guessed, as_json=as_json)
    return _build(task, chosen, out, guessed, as_json=as_json)


def _forecast(task: Task, recipe: Recipe, guessed: str | None, *, as_json: bool) -> int:
    planned = forecast(task.base, recipe.rounds[-1] if recipe.rounds else recipe, task.setting)
    told = {**forecast_json(planned), "warnings": warned(guessed)}
    click.echo(json.dumps(told, indent=2) if as_json else forecast_text(planned))
    return 0


def _update(
    task: Task, recipe: Recipe, weeks: Weeks, bundle: Bundle, *, out: Path, guessed: str | None, as_json: bool
) -> int:
    with showing_progress() as progress, Converter() as converter:
        outcome = update(task, recipe, weeks, bundle, out, converter=converter, progress=progress)
    told = {**updated_json(outcome), "warnings": warned(guessed)}
    click.echo(json.dumps(told, indent=2) if as_json else updated_text(outcome))
    return 0


def _loop(asked: looping.Asked, out: Path, guessed: str | None, *, as_json: bool) -> int:
    with showing_progress() as progress, Converter() as converter:
        if guessed is not None:
            progress(guessed)  # before minutes of work
        found = looping.run(asked, out, converter, told=lambda one: progress.stay(round_line(one)), progress=progress)
        progress("compare float32 with most popular")
        below = below_most_popular(asked.task, bundle_format.read(out)) if found else None
    told = {**loop_json(found, out), "warnings": warned(guessed, below)}
    click.echo(json.dumps(told, indent=2) if as_json else loop_text(found, out, program(), style_of(sys.stdout)))
    return 0 if found else 1


def _build(task: Task, recipe: Recipe, out: Path, guessed: str | None, *, as_json: bool) -> int:
    with showing_progress() as progress, Converter() as converter:
        if guessed is not None:
            progress(guessed)  # before minutes of work
        built = build(task, recipe, out, converter, progress=progress)
        progress("compare float32 with most popular")
        below = below_most_popular(task, built.bundle)
    told = {**built_json(built), "warnings": warned(guessed, below)}
    click.echo(json.dumps(told, indent=2) if as_json else built_text(built, program()))
    return 0
