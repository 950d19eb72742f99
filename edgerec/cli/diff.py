"""`edgerec diff`: what changed between two bundles or .tflite files."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.diff import diff
from edgerec.inspection import inspect
from edgerec.model_file import ModelFile, read_model_file
from edgerec.report.console import style_of
from edgerec.report.diff_text import diff_json, diff_text
from edgerec.report.progress import showing_progress
from edgerec.targets import environment

if TYPE_CHECKING:
    from edgerec.rankings_apart import RankingsApart


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--run", is_flag=True, help="Of two bundles: compare their lists and recall too, in the runtime.")
@click.option("--runtime", help=f"The runtime [{FILE_NAME}, else {environment.DEFAULT}].")
@click.option("--users", type=click.IntRange(min=1), help="Of the bundles' users, for --run [all].")
@click.option("--all", "every", is_flag=True, help="Show every tensor, not only those that changed.")
@click.option("--deep", is_flag=True, help="Deflate and count all of files above 4 MiB, not blocks of them.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(
    *,
    old: Path,
    new: Path,
    run: bool,
    runtime: str | None,
    users: int | None,
    every: bool,
    deep: bool,
    as_json: bool,
) -> int:
    """Show what changed from OLD to NEW, each a bundle or a .tflite.

    Whether the content changed, by a hash that ignores layout, names and notes; tensors by bytes, type, scales, zeros
    and data; ops and versions, signatures, the oldest runtime. With --run, on the users that both bundles carry, how
    far their lists are apart, and the change in recall with its 95 % interval.

    Exit code 0 when the content is the same, 1 when it is not, 2 for bad input.
    """
    files = read_model_file(old), read_model_file(new)
    found = diff(*(inspect(file, deep=deep) for file in files))
    apart = _apart(files, (old, new), runtime, users) if run else None
    if as_json:
        click.echo(json.dumps(diff_json(found, apart), indent=2))
    else:
        click.echo(diff_text(found, apart, style_of(sys.stdout), every=every))
    return 0 if found.same_content else 1


def _apart(
    files: tuple[ModelFile, ModelFile], paths: tuple[Path, Path], runtime: str | None, users: int | None
) -> "RankingsApart":
    old, new = (file.bundle for file in files)
    if old is None or new is None:
        raise click.UsageError("--run compares two bundles: a bare .tflite has no users")
    from edgerec.rankings_apart import rankings_apart  # noqa: PLC0415  numpy, which the files alone do not need

    pin = environment.parse(runtime or read_config_if_there().target.runtime or str(environment.DEFAULT))
    with showing_progress() as progress:
        return rankings_apart(paths, (old, new), pin, users=users, progress=progress)
