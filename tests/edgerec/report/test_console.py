import io

import pytest

from edgerec.report.console import GREEN, RED, RESET, Style, error_text, pairs, style_of, table, visible


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


def test_what_a_ci_log_would_obey_is_made_visible() -> None:
    assert visible("::error file=x::y") == "\\x3a:error file=x::y"
    assert visible("  ::add-mask::x") == "  \\x3a:add-mask::x"
    assert visible("a ##[set-output]b") == "a \\x23#[set-output]b"
    assert visible("a::b # c ##d") == "a::b # c ##d"


def test_one_endless_name_does_not_widen_every_row() -> None:
    lines = table(("", ""), [("n" * 100_000, "1"), *[("m", "2")] * 1000]).split("\n")
    assert max(map(len, lines)) < 200
    assert lines[1].startswith("nnn")
    assert lines[1].rstrip(" 1").endswith("nnn")


def test_pairs_show_text_out_of_a_file_and_paint_it_afterwards() -> None:
    text = pairs([("a\x1b", "b\x1b[2J"), ("outcome", "::c")], Style(colour=True), colours={"outcome": RED})
    assert text == f"  a\\x1b    b\\x1b[2J\n  outcome  {RED}\\x3a:c{RESET}"


def test_an_error_keeps_its_lines_and_nothing_that_steers() -> None:
    assert error_text(ValueError("x\x1b[2J:\n\n[budget]\n::warning::y")) == "x\\x1b[2J:\n\n[budget]\n\\x3a:warning::y"
    assert len(error_text(ValueError("z" * 100_000))) < 2100
