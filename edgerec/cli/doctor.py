"""`edgerec doctor`: what is installed here, and what edgerec keeps on disk."""

import json
import sys

import click

from edgerec import storage
from edgerec.installation import look
from edgerec.report.console import style_of
from edgerec.report.installation_text import installation_json, installation_text
from edgerec.report.quantities import size


@click.command("doctor")
@click.option("--clean", is_flag=True, help="Empty what edgerec keeps on disk, or the PARTS that are named.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.argument("parts", nargs=-1, type=click.Choice(storage.PARTS))
def command(*, clean: bool, as_json: bool, parts: tuple[str, ...]) -> None:
    """Show what is installed here, which runtimes there are, and what edgerec keeps on disk.

    With --clean, empty PARTS of that: environments, capsules, boards, cache, harness, searches, loops; all of them when
    none is named. What is emptied is made again when it is needed.
    """
    if parts and not clean:
        raise click.UsageError(f"{', '.join(parts)} would be emptied only with --clean")
    freed = storage.clean(*parts) if clean else None
    if as_json:
        click.echo(json.dumps({**installation_json(look()), "freed_bytes": freed}, indent=2))
    elif freed is not None:
        click.echo(f"freed {size(freed)} in {storage.home()}")
    else:
        click.echo(installation_text(look(), style_of(sys.stdout)))
