"""`edgerec evaluate`: what a bundle recommends to one user."""

import json
import sys
from pathlib import Path

import click

from device_tests import bundle as bundle_format
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.recommending import history_of, recommend, user_of
from edgerec.report.console import style_of
from edgerec.report.progress import showing_progress
from edgerec.report.recommended_text import recommended_json, recommended_text
from edgerec.targets import environment


@click.command("evaluate")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--user", help="A user's id, or a row of the evaluation set where the model has no user table.")
@click.option("--history", metavar="ITEM,ITEM", help="Item ids, the most recent last.")
@click.option("--beside", type=click.Path(path_type=Path), help="The float32 bundle, to show its list beside.")
@click.option("--k", type=click.IntRange(min=1), help="Length of the list [the bundle's own].")
@click.option("--runtime", help=f"The runtime [{FILE_NAME}, else {environment.DEFAULT}].")
@click.option("--json", "as_json", is_flag=True, help="Print the lists as JSON.")
def command(
    *,
    bundle: Path,
    user: str | None,
    history: str | None,
    beside: Path | None,
    k: int | None,
    runtime: str | None,
    as_json: bool,
) -> None:
    """Show what BUNDLE recommends to one user, float32's list beside it where it is known.

    The list comes from the runtime that ships. float32's comes from --beside, or from the bundle's golden outputs.
    """
    if (user is None) == (history is None):
        raise click.UsageError("give --user or --history, and not both")
    asked_of = bundle_format.read(bundle)
    asked = user_of(asked_of, user) if user is not None else history_of(asked_of, _items(history))
    pin = environment.parse(runtime or read_config_if_there().target.runtime or str(environment.DEFAULT))
    other = None if beside is None else bundle_format.read(beside)
    with showing_progress() as progress:
        recommended = recommend(asked_of, asked, runtime=pin, beside=other, k=k, progress=progress)
    if as_json:
        click.echo(json.dumps(recommended_json(recommended), indent=2))
    else:
        click.echo(recommended_text(recommended, style_of(sys.stdout)))


def _items(history: str | None) -> list[str]:
    return [item.strip() for item in (history or "").split(",") if item.strip()]
