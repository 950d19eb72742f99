"""`edgerec demo`: the whole line on the built-in data, in one table."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from edgerec import demo, storage
from edgerec.program import program
from edgerec.report.console import columns_of, style_of
from edgerec.report.progress import showing_progress
from edgerec.report.results_text import demo_json, demo_text


@click.command("demo")
@click.option("-o", "--out", default="demo", type=click.Path(path_type=Path), show_default=True, help="Where files go.")
@click.option("--recipe", "recipes", multiple=True, help="A recipe beside float32; may be repeated [all of the table].")
@click.option("--epochs", type=click.IntRange(min=1), default=demo.FIT.epochs, show_default=True, help="Of training.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@storage.temporary_files_held()
def command(*, out: Path, recipes: tuple[str, ...], epochs: int, as_json: bool) -> int:
    """Train a recommender on MovieTweetings, compress it by several recipes and prove each in the device runtime.

    The first run trains for about a minute; finished steps are kept, and a second run takes them from there.
    """
    fit = replace(demo.FIT, epochs=epochs)
    with showing_progress() as progress:
        found = demo.run(out, recipes=recipes or demo.RECIPES, fit=fit, progress=progress)
    if as_json:
        click.echo(json.dumps(demo_json(found), indent=2))
    else:
        click.echo(demo_text(found, program(), style_of(sys.stdout), columns=columns_of(sys.stdout)))
    return 0 if all(each.verdict for each in found.results) and not found.failed else 1
