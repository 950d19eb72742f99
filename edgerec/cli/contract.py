"""`edgerec contract`: does a runtime take a file and answer it rightly, by what that runtime itself said."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from converters import runtime_table
from converters.runtime_table import RuntimeTable
from edgerec import contracting, storage
from edgerec.config import FILE_NAME, read_config_if_there
from edgerec.report.console import style_of
from edgerec.report.contract_text import contract_json, contract_text, table_text
from edgerec.report.progress import showing_progress
from edgerec.targets import environment


@click.command("contract")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--runtime", help=f"The runtime, as NAME==VERSION [the bundle's, else {FILE_NAME}'s, else the default].")
@click.option("--run", is_flag=True, help="Replay the bundle's golden outputs in that runtime too.")
@click.option("--table", "table_path", type=click.Path(path_type=Path), help="A table that --probe wrote.")
@click.option("--probe", metavar="TARGET", help="Ask the runtime on this target now: local or qemu:CPU.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="For --probe: where its table goes.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings, or the table, as JSON.")
def command(
    *,
    file: Path | None,
    runtime: str | None,
    run: bool,
    table_path: Path | None,
    probe: str | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Say what FILE, a bundle or .tflite, asks of a runtime and would not get.

    By tables that were made by asking each runtime: the op versions that it takes, and which weights it answers
    rightly, wrongly, or not at all. Beside them: Flex and custom ops, strings, free axes, state between calls. What no
    table has is unknown and never guessed. Exit code 1 where a finding is an error.

    With --probe and without FILE the runtime is only asked.
    """
    if file is None and (probe is None or run):
        raise click.UsageError("give FILE, or --probe TARGET alone to ask a runtime")
    if probe is not None and table_path is not None:
        raise click.UsageError("--probe asks now and --table has what was said before; give one of them")
    if output is not None and probe is None:
        raise click.UsageError("-o is where the table of --probe goes; give --probe TARGET too")
    config = read_config_if_there()
    subject = None if file is None else contracting.read_subject(file)
    wanted = runtime or (subject and subject.runtime) or config.target.runtime or str(environment.DEFAULT)
    table = None if table_path is None else contracting.read_table(table_path)
    with showing_progress() as progress:
        if probe is not None:
            from edgerec.asking import ask  # noqa: PLC0415  only a probe pays for it
            from edgerec.targets.asked import target_named  # noqa: PLC0415  as above

            target, day = target_named(probe, config.target), datetime.now().astimezone().date().isoformat()
            table = ask(target, environment.parse(wanted), day, progress=progress)
            if output is not None:
                storage.write_text(output, runtime_table.to_json(table))
        if subject is None:
            return _told(table, as_json=as_json)
        judged = contracting.judged(subject, wanted, table)
        if run:
            from edgerec.replaying import replayed  # noqa: PLC0415  only a replay pays for it

            judged = replayed(judged, subject, environment.parse(wanted), progress=progress)
    click.echo(json.dumps(contract_json(judged), indent=2) if as_json else contract_text(judged, style_of(sys.stdout)))
    return 0 if judged else 1


def _told(table: RuntimeTable | None, *, as_json: bool) -> int:
    if table is not None:
        click.echo(runtime_table.to_json(table) if as_json else table_text(table, style_of(sys.stdout)))
    return 0
