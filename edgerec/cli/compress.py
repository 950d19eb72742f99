"""`edgerec compress`: a trained Keras recommender and a recipe become a proved bundle."""

import json
from pathlib import Path

import click

from edgerec import assembly, storage
from edgerec.assembly import Asked
from edgerec.build import build
from edgerec.compress.conversion import Converter
from edgerec.compress.forecast import forecast
from edgerec.compress.recipe import find
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.report.compressed_text import built_json, built_text, forecast_json, forecast_text
from edgerec.report.program import program
from edgerec.report.progress import showing_progress

DEFAULT_RECIPE = "int8"


@click.command("compress")
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option("--recipe", help=f"A recipe of `edgerec recipes` or a .toml file [{FILE_NAME}, else {DEFAULT_RECIPE}].")
@click.option("--data", type=click.Path(), help="Interactions as csv or parquet, or movietweetings.")
@click.option("--runtime", help=f"The runtime to convert for and prove in [{FILE_NAME}, else the default].")
@click.option("--k", type=click.IntRange(min=1), help="Length of the lists [10].")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of split, training and samples [that of the data].")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The bundle [MODEL-RECIPE.edgerec].")
@click.option("--dry-run", is_flag=True, help="Show steps, predicted bytes and what is cached; do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    *,
    model: Path | None,
    recipe: str | None,
    data: str | None,
    runtime: str | None,
    k: int | None,
    seed: int | None,
    output: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a bundle of MODEL, a legacy Keras .keras or .h5 file, and replay its golden outputs in the device runtime.

    Steps that were finished before are taken from the cache, so an interrupted run goes on where it stopped.
    """
    config = read_config_if_there()
    chosen = find(recipe or config.recipe or DEFAULT_RECIPE)
    task = assembly.task(config, Asked(model, data, runtime, k, seed))
    if dry_run:
        planned = forecast(task.base, chosen, task.setting)
        click.echo(json.dumps(forecast_json(planned), indent=2) if as_json else forecast_text(planned))
        return
    out = storage.prepare(output or Path(f"{task.base.roles.name}-{chosen.name}.edgerec"))
    with showing_progress() as progress, Converter() as converter:
        built = build(task, chosen, out, converter, progress=progress)
    click.echo(json.dumps(built_json(built), indent=2) if as_json else built_text(built, program()))
