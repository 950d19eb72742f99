import sys
from pathlib import Path

import pytest

from edgerec.program import command, from_here, program


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with .venv/bin/edgerec, nothing on the path."""
    script = tmp_path / ".venv/bin/edgerec"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [str(script)])
    return tmp_path


def test_a_program_that_is_not_on_the_path_is_called_by_its_path(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program() == ".venv/bin/edgerec"
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert program() == str(here / ".venv/bin/edgerec")


def test_a_program_on_the_path_is_called_by_its_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(here / ".venv/bin"))
    assert program() == "edgerec"


def test_another_program_of_that_name_on_the_path_is_not_the_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = here / "other/edgerec"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert program() == ".venv/bin/edgerec"


def test_a_module_is_called_with_its_python(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(here / "edgerec/cli/__main__.py")])
    assert program() == f"{from_here(Path(sys.executable))} -m edgerec.cli"


def test_paths_are_as_a_shell_takes_them(here: Path) -> None:
    assert from_here(here / "demo/gru.edgerec") == "demo/gru.edgerec"
    assert from_here(here / "edgerec") == "./edgerec"
    assert from_here(Path("my demo/gru.edgerec")) == "'my demo/gru.edgerec'"
    assert from_here(Path("/elsewhere/x")) == "/elsewhere/x"


def test_a_command_is_a_line_that_a_shell_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["pytest"])
    assert command(["inspect", "a model.tflite"]) == "edgerec inspect 'a model.tflite'"
