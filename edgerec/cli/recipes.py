"""`edgerec recipes`: what each recipe does, promises and gave."""

import json
import sys

import click

from edgerec.compress.finding import built_in, find
from edgerec.measured import read_measurements
from edgerec.report.console import style_of
from edgerec.report.recipes_text import recipe_text, recipes_json, recipes_text


@click.command("recipes")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(*, name: str | None, as_json: bool) -> None:
    """List the built-in recipes and what each gave on the reference models, or show the steps of NAME.

    NAME is a built-in recipe, a name that decodes such as prune70_cluster16_int8, or a .toml file.
    """
    recipes = list(built_in().values()) if name is None else [find(name)]
    measured = read_measurements()
    if as_json:
        click.echo(json.dumps(recipes_json(recipes, measured), indent=2))
    elif name is None:
        click.echo(recipes_text(recipes, measured, style_of(sys.stdout)))
    else:
        click.echo(recipe_text(recipes[0], measured, style_of(sys.stdout)))
