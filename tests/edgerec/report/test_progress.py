import io
import re
from contextlib import suppress

import pytest

from edgerec.report import progress
from edgerec.report.progress import CLEAR, showing_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_each() -> None:
    log = io.StringIO()
    with showing_progress(log) as tell:
        tell("convert")
        tell("measure")
    assert re.fullmatch(r"\[ +\d+\.\d s\] convert\n\[ +\d+\.\d s\] measure\n", log.getvalue())


def test_a_terminal_gets_one_line_that_is_written_over_and_cleared_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_columns", lambda _: 40)
    terminal = Terminal()
    with suppress(ZeroDivisionError), showing_progress(terminal) as tell:
        tell("x" * 100)
        raise ZeroDivisionError
    text = terminal.getvalue()
    assert "\n" not in text
    assert text.endswith(CLEAR)
    assert len(text.removeprefix(CLEAR).removesuffix(CLEAR)) == 39


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    with showing_progress(terminal) as tell:
        tell("convert")
    assert terminal.getvalue().endswith(" s] convert\n")
    assert "\x1b" not in terminal.getvalue()


def test_a_file_name_cannot_steer_the_terminal() -> None:
    log = io.StringIO()
    with showing_progress(log) as tell:
        tell("split \x1b[2J.csv")
    assert "\x1b" not in log.getvalue()


def test_a_line_that_stays_ends_in_a_new_one_and_is_not_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal, log = Terminal(), io.StringIO()
    for stream in (terminal, log):
        with showing_progress(stream) as tell:
            tell("train")
            tell.stay("round 1: holds")
            tell("measure")
    assert f"{CLEAR}round 1: holds\n{CLEAR}[" in terminal.getvalue()
    assert "train\nround 1: holds\n[" in log.getvalue()
