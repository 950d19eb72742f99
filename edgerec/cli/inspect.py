"""`edgerec inspect`: what is inside a bundle or .tflite."""

import json
import sys
from pathlib import Path

import click

from edgerec.inspection import inspect
from edgerec.model_file import read_model_file
from edgerec.report.console import style_of
from edgerec.report.inspection_text import inspection_json, inspection_text


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "every", is_flag=True, help="Show every tensor, not the 20 largest.")
@click.option("--deep", is_flag=True, help="Deflate and count all of a file above 4 MiB, not blocks of it.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(*, file: Path, every: bool, deep: bool, as_json: bool) -> None:
    """Show what is inside FILE, a bundle or a .tflite.

    Bytes on disk and deflated by tensor, op and kind, scales, zeros and distinct values, what is stored twice, a hash
    of the content, ops and versions, signatures, the oldest runtime that the ops need beside the one that the file
    claims, Flex and custom ops, free axes; of a bundle the manifest too. What is estimated of a large file is marked ~.
    """
    inspection = inspect(read_model_file(file), deep=deep)
    if as_json:
        click.echo(json.dumps(inspection_json(inspection), indent=2))
    else:
        click.echo(inspection_text(inspection, style_of(sys.stdout), every=every))
