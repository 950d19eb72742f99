"""`edgerec demo`: the whole line on the built-in data, in one table."""

import json
import sys
from pathlib import Path

import click

from edgerec import demo
from edgerec.report.console import style_of
from edgerec.report.progress import end_progress, progress_on
from edgerec.report.results_text import demo_json, demo_text


@click.command("demo")
@click.option("-o", "--out", default="demo", type=click.Path(path_type=Path), show_default=True, help="Where files go.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def command(*, out: Path, as_json: bool) -> int:
    """Train a recommender on MovieTweetings, compress it by several recipes and prove each in the device runtime.

    The first run trains for about a minute; finished steps are kept, and a second run takes them from there.
    """
    try:
        found = demo.run(out, progress=progress_on())
    finally:
        end_progress()
    click.echo(json.dumps(demo_json(found), indent=2) if as_json else demo_text(found, style_of(sys.stdout)))
    return 0 if all(each.verdict for each in found.results) else 1
