"""`edgerec report`: bundles and what was measured of them as one page."""

import json
from pathlib import Path

import click

from edgerec.config import FILE_NAME
from edgerec.report.page.page import page_json
from edgerec.report.page.text import report_text
from edgerec.report.page.writing import write_report


@click.command("report")
@click.argument("bundles", nargs=-1, type=click.Path(path_type=Path))
@click.option("--baseline", type=click.Path(path_type=Path), help="The bundle to compare the others with.")
@click.option("--report", "reports", multiple=True, type=click.Path(path_type=Path), help="A report of `bench`.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help=f"Names the bundles [{FILE_NAME}].")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True, help="The page."
)
@click.option("--json", "as_json", is_flag=True, help="Print what the page shows as JSON.")
def command(
    *,
    bundles: tuple[Path, ...],
    baseline: Path | None,
    reports: tuple[Path, ...],
    config_path: Path | None,
    output: Path,
    as_json: bool,
) -> None:
    """Write one HTML file that shows BUNDLES side by side, and opens without a network.

    BUNDLES are bundles or bare .tflite files, those of edgerec.toml when none is named; their reports are those named,
    or those that lie beside them. Size against recall, every tensor, quality by segment, latency, memory, what changed
    against the baseline, and where each figure comes from.
    """
    exhibition, written_bytes = write_report(output, bundles, reports, baseline=baseline, config_path=config_path)
    if as_json:
        click.echo(json.dumps(page_json(exhibition, output, written_bytes), indent=2))
    else:
        click.echo(report_text(exhibition, output, written_bytes))
