"""`edgerec pack`: a bundle from a .tflite that somebody else converted."""

import json
from pathlib import Path

import click

from device_tests.manifest import PRECISIONS, ROLES
from edgerec import storage
from edgerec.adopting import Adoption, adopt
from edgerec.cli.vocabulary import ITEMS_HELP, USERS_HELP
from edgerec.config import FILE_NAME, InputSetting, ModelSetting, read_config_if_there
from edgerec.data.vocabulary import read_ids, read_lines
from edgerec.inspection import inspect
from edgerec.model_file import read_model_file
from edgerec.packing import Catalogue
from edgerec.report.inspection_text import inspection_json
from edgerec.report.progress import showing_progress
from edgerec.report.quantities import size
from edgerec.targets import environment


@click.command("pack")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--items", type=click.Path(path_type=Path), help=f"{ITEMS_HELP} [{FILE_NAME} [model]].")
@click.option("--users", type=click.Path(path_type=Path), help=f"{USERS_HELP} [{FILE_NAME} [model]].")
@click.option(
    "--vectors",
    type=click.Path(path_type=Path),
    help="For an input of role vector: a .npy file, float32, one row a line of --users, else a user of the data.",
)
@click.option("--titles", type=click.Path(path_type=Path), help="Titles to show, one an item.")
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=ROLE[,PADDING]", help=f"{', '.join(ROLES)} [{FILE_NAME} [model]]."
)
@click.option("--k", type=click.IntRange(min=1), help="Length of the lists [10].")
@click.option("--name", help="What the bundle is called [the file's name].")
@click.option("--precision", type=click.Choice(PRECISIONS), help="[told by the file's types]")
@click.option(
    "--float32", type=click.Path(path_type=Path), help="The uncompressed model's .tflite, for golden outputs."
)
@click.option("--float-overlap", type=click.FloatRange(0, 1), default=0.9, show_default=True, help="Promised with it.")
@click.option("--runtime", help=f"The runtime it is for [{FILE_NAME}, else {environment.DEFAULT}].")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where the bundle goes [FILE.edgerec].")
@click.option("--json", "as_json", is_flag=True, help="Print what was packed as JSON.")
def command(
    *,
    file: Path,
    items: Path | None,
    users: Path | None,
    vectors: Path | None,
    titles: Path | None,
    inputs: tuple[str, ...],
    k: int | None,
    name: str | None,
    precision: str | None,
    float32: Path | None,
    float_overlap: float,
    runtime: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Make a bundle of FILE, a .tflite that somebody else converted.

    With [data] in edgerec.toml the bundle carries users to measure quality with; with --float32 too, golden outputs,
    which are replayed in the runtime before anything is written.
    """
    config = read_config_if_there()
    model = config.model or ModelSetting(file)
    items, users = items or model.items, users or model.users
    if items is None:
        raise click.UsageError(f'give --items, or write [model] items = "items.txt" in {FILE_NAME}')
    given = Adoption(
        name=name or file.stem,
        inputs=tuple(_input(text) for text in inputs) or model.inputs,
        catalogue=Catalogue(read_ids(items), read_ids(users) if users else (), read_lines(titles) if titles else ()),
        k=k or model.k or 10,
        runtime=environment.parse(runtime or config.target.runtime or str(environment.DEFAULT)),
        data=config.data,
        vectors=vectors,
        float32=float32,
        float_overlap=float_overlap,
        precision=precision,
    )
    out = storage.prepare(output or file.with_suffix(".edgerec"))
    with showing_progress() as progress:
        packed = adopt(file, given, out, progress=progress)
    if as_json:
        click.echo(json.dumps(inspection_json(inspect(read_model_file(out))), indent=2))
    else:
        click.echo(f"{out}  {packed.sha256[:12]}  app {size(packed.app_bytes)}, download {size(packed.download_bytes)}")


def _input(text: str) -> InputSetting:
    name, equals, meaning = text.partition("=")
    role, comma, padding = meaning.partition(",")
    if not equals or role not in ROLES or (comma and not padding.isdecimal()):
        raise click.BadParameter(
            f"{text!r}, expected NAME=ROLE or NAME=ROLE,PADDING such as history=history,2414", param_hint="--input"
        )
    return InputSetting(name, role, None, int(padding) if comma else None)
