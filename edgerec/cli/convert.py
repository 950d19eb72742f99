"""`edgerec convert`: a trained Keras recommender becomes a .tflite for a named runtime, nothing else done to it."""

import json
from pathlib import Path

import click

from converters.spec import NEEDS_REPRESENTATIVE_DATA, PRECISIONS, ConversionSpec
from edgerec import assembly, storage
from edgerec.assembly import Asked
from edgerec.cli.vocabulary import ITEMS_HELP, USERS_HELP
from edgerec.cli.warning import warned
from edgerec.compress.conversion import Converter
from edgerec.compress.rules import refuse
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.doubts import guessed_padding
from edgerec.report.quantities import size


@click.command("convert")
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True)
@click.option("--data", type=click.Path(), help="Interactions, for the ranges of full_int8 and int16.")
@click.option("--items", type=click.Path(path_type=Path), help=f"{ITEMS_HELP} [{FILE_NAME}, else the data's, sorted].")
@click.option("--users", type=click.Path(path_type=Path), help=f"{USERS_HELP} [{FILE_NAME}, else the data's, sorted].")
@click.option("--runtime", help=f"The runtime that the file must load in [{FILE_NAME}, else the default].")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file [MODEL-PRECISION.tflite].")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@storage.temporary_files_held()
def command(
    *,
    model: Path | None,
    precision: str,
    data: str | None,
    items: Path | None,
    users: Path | None,
    runtime: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Convert MODEL, a legacy Keras .keras or .h5 file, and check the file against the runtime it is for."""
    config = read_config_if_there()
    asked = Asked(model, data, runtime, items=items, users=users)
    spec = ConversionSpec(precision, assembly.runtime(config, asked))
    setting = assembly.model_setting(config, asked)
    stage = assembly.stage(setting)
    out = storage.prepare(output or Path(f"{stage.roles.name}-{precision}.tflite"))
    refuse(stage.recommender, spec)
    samples = assembly.representative(stage.roles, config, asked) if precision in NEEDS_REPRESENTATIVE_DATA else None
    with Converter() as converter:
        tflite = converter.convert(stage.recommender, spec, representative=samples)
    storage.write_bytes(out, tflite)
    warnings = warned(guessed_padding(stage.roles, setting.inputs))
    told = {"file": str(out), "bytes": len(tflite), "runtime": spec.runtime, "warnings": warnings}
    click.echo(json.dumps(told, indent=2) if as_json else f"{out}: {size(len(tflite))}, for {spec.runtime}")
