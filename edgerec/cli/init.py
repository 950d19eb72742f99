"""`edgerec init`: a first edgerec.toml."""

import json
from pathlib import Path

import click

from device_tests.record import to_json
from edgerec.budget_draft import draft_budget, write_draft
from edgerec.config import FILE_NAME
from edgerec.gate.quantity import QuantityError, share_of
from edgerec.report.budget_toml import budget_toml


@click.command("init")
@click.option("--budget-from", "bundle", required=True, type=click.Path(path_type=Path), help="The bundle or .tflite.")
@click.option("--margin", default="5 %", show_default=True, help="How much more, or less, than today's figures.")
@click.option("--report", "reports", multiple=True, type=click.Path(path_type=Path), help="A report of `bench`.")
@click.option("-o", "--output", default=FILE_NAME, show_default=True, type=click.Path(path_type=Path), help="The file.")
@click.option("--json", "as_json", is_flag=True, help="Print the limits as JSON.")
def command(*, bundle: Path, margin: str, reports: tuple[Path, ...], output: Path, as_json: bool) -> int:
    """Write an edgerec.toml that holds a bundle to what it comes to today and a margin, and print it.

    Sizes and ops are read out of the file, the rest comes from its reports, those beside it where none is named. A file
    that is there already is never overwritten.
    """
    try:
        share = share_of(margin)
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint="--margin") from error
    draft = draft_budget(bundle, reports, output, margin=share)
    text = budget_toml(draft.limits, draft.bundle, draft.reports, share)
    write_draft(output, text)
    limits = [to_json(one) for one in draft.limits]
    click.echo(json.dumps({"file": str(output), "limits": limits}, indent=2) if as_json else text, nl=as_json)
    return 0
