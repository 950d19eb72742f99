import io

import pytest

from edgerec.report.console import GREEN, Style, style_of, table, visible


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert style_of(Terminal()).colour
    assert not style_of(io.StringIO()).colour
    monkeypatch.setenv("TERM", "dumb")
    assert not style_of(Terminal()).colour
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not style_of(Terminal()).colour


def test_paint_leaves_plain_text_alone() -> None:
    assert Style().paint("held", GREEN) == "held"
    assert Style(colour=True).paint("held", GREEN) == "\x1b[32mheld\x1b[0m"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("a", "size"), [("long name", "1"), ("b", "22222")], right=(1,), indent="  ").split("\n") == [
        "  a           size",
        "  long name      1",
        "  b          22222",
    ]


def test_what_could_steer_a_terminal_is_made_visible() -> None:
    assert visible("a\x1b[2Jb\n\u202ec\udcff é") == "a\\x1b[2Jb\\n\\u202ec\\udcff é"
    assert "\x1b" not in table(("",), [("\x1b[31m",)])
