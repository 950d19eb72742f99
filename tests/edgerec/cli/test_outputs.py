from pathlib import Path

import click
import pytest

from edgerec.cli.outputs import output_files, write_outputs
from edgerec.report.outcome import Outcome
from edgerec.report.verdict_formats import FORMATS
from edgerec.storage import StorageError


def test_several_files_are_named_each_with_its_format() -> None:
    assert output_files(["junit=a=b.xml", "sarif=c.sarif"]) == {Path("a=b.xml"): "junit", Path("c.sarif"): "sarif"}
    assert output_files(["junit=a", "junit=a"]) == {Path("a"): "junit"}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["junit"], "'junit', expected FORMAT=FILE, where FORMAT is json, markdown, junit, sarif, github"),
        (["junit="], "expected FORMAT=FILE"),
        (["junti=a"], "(did you mean junit?)"),
        (["junit=a", "sarif=a"], "a cannot be both junit and sarif"),
    ],
)
def test_what_is_no_format_and_file_is_refused(written: list[str], message: str) -> None:
    with pytest.raises(click.BadParameter) as refusal:
        output_files(written)
    assert message in str(refusal.value)


def test_each_file_holds_its_format_and_folders_are_made(tmp_path: Path) -> None:
    files = {tmp_path / "new" / name: name for name in FORMATS}
    outcome = Outcome(refusal="nothing to check")
    write_outputs(outcome, files)
    assert {path.name: path.read_text(encoding="utf-8") for path in files} == {
        name: made(outcome) for name, made in FORMATS.items()
    }


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        write_outputs(Outcome(refusal="x"), {tmp_path: "junit"})
