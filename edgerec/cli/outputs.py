"""The files that `edgerec check -o FORMAT=FILE` writes beside what it prints."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from edgerec.report.outcome import Outcome
from edgerec.report.verdict_formats import FORMATS
from edgerec.storage import write_text
from edgerec.suggestion import did_you_mean

OUTPUT_HELP = f"Write the verdicts to a file too; FORMAT is {', '.join(FORMATS)}. May be given several times."


def output_files(written: Iterable[str]) -> Mapping[Path, str]:
    """The format of each file that `-o FORMAT=FILE` options name; raises BadParameter."""
    formats: dict[Path, str] = {}
    for text in written:
        name, _, path = text.partition("=")
        if name not in FORMATS or not path:
            hint = "" if name in FORMATS else did_you_mean(name, FORMATS)
            expected = f"expected FORMAT=FILE, where FORMAT is {', '.join(FORMATS)}"
            raise click.BadParameter(f"{text!r}, {expected}{hint}", param_hint="-o")
        if formats.setdefault(Path(path), name) != name:
            raise click.BadParameter(f"{path} cannot be both {formats[Path(path)]} and {name}", param_hint="-o")
    return formats


def write_outputs(outcome: Outcome, files: Mapping[Path, str]) -> None:
    """Write each file, whole or not at all; raises StorageError."""
    for path, name in files.items():
        write_text(path, FORMATS[name](outcome))
