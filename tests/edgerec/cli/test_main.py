import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from converters.errors import TfliteError
from device_tests.errors import BundleError
from edgerec.cli import main as module
from edgerec.cli.commands import COMMANDS, Entry
from edgerec.cli.main import run
from edgerec.errors import EdgerecError

Edgerec = Callable[..., subprocess.CompletedProcess[str]]


def stand_in(monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> None:
    """Put a command in the table that raises."""

    @click.command("broken")
    def command() -> None:
        raise raised

    imported = importlib.import_module

    class Module:
        pass

    fake = Module()
    fake.command = command  # type: ignore[attr-defined]
    table = {**COMMANDS, "broken": Entry("edgerec.cli.broken", "Fail.")}
    monkeypatch.setattr(module, "COMMANDS", table)
    monkeypatch.setattr(
        module.importlib, "import_module", lambda name: fake if name == "edgerec.cli.broken" else imported(name)
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_and_its_one_line_says_what_it_does(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([name, "--help"]) == 0
    assert "--json" in capsys.readouterr().out
    assert COMMANDS[name].summary.endswith(".")
    command = importlib.import_module(COMMANDS[name].module).command
    assert command.name == name


def test_help_lists_the_commands_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in text
    assert "Exit codes" in text
    assert run([]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize("error", [EdgerecError("mend it"), BundleError("mend it"), TfliteError("mend it")])
def test_a_refusal_is_one_line_on_stderr_and_exit_code_2(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, error)
    assert run(["broken"]) == 2
    assert capsys.readouterr() == ("", "error: mend it\n")


def test_the_traceback_of_a_refusal_is_shown_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, EdgerecError("mend it"))
    assert run(["--traceback", "broken"]) == 2
    text = capsys.readouterr().err
    assert "Traceback (most recent call last)" in text
    assert text.endswith("error: mend it\n")


def test_an_error_of_ours_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run(["broken"])


def test_ctrl_c_is_one_line_and_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, KeyboardInterrupt())
    assert run(["broken"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_an_unknown_command_or_option_names_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chekc"]) == 2
    assert "no command 'chekc' (did you mean check?)" in capsys.readouterr().err
    assert run(["check", "--jsn"]) == 2
    assert "--json" in capsys.readouterr().err
    assert run(["--vers"]) == 2


def test_ctrl_c_in_a_real_process_leaves_no_traceback(edgerec: Edgerec, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never")
    process = subprocess.Popen(
        [sys.executable, "-m", "edgerec.cli", "pack", "x.tflite", "--items", str(tmp_path / "never")],
        env={**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])},
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == "interrupted\n"
    assert process.returncode == 130


def test_a_reader_that_goes_away_is_no_error(edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "edgerec.cli", "inspect", str(tiny_bundle), "--json"],
        env={**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=20) == 141


def test_a_name_out_of_a_file_does_not_steer_the_terminal_that_shows_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, TfliteError("x\x1b[2J is broken\n::set-output name=a::b"))
    assert run(["broken"]) == 2
    assert capsys.readouterr().err == "error: x\\x1b[2J is broken\n\\x3a:set-output name=a::b\n"
