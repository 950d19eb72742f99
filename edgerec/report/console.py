"""Aligned plain text for a terminal or a log; green and red only where someone is there to see them."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

GREEN, RED, YELLOW, BOLD, RESET = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True)
class Style:
    """Whether colour is used."""

    colour: bool = False

    def paint(self, text: str, code: str) -> str:
        """Give the text in a colour, or as it is."""
        return f"{code}{text}{RESET}" if self.colour and text else text


PLAIN = Style()
WIDEST = 1000
_WIDEST_CELL = 160  # one endless name would otherwise widen every row of its table
_LONGEST_ERROR = 2000
_COMMAND = re.compile(r"^\s*:(?=:)|#(?=#\[)")  # what a line of a GitHub or Azure log obeys


def style_of(stream: TextIO) -> Style:
    """Give colour to a terminal, none to a file, a pipe, a dumb terminal or where NO_COLOR is set."""
    return Style(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def columns_of(stream: TextIO) -> int:
    """Give how many columns a terminal has; a file and a pipe take lines of any length."""
    return shutil.get_terminal_size().columns if stream.isatty() else WIDEST


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: str = "") -> str:
    """Give rows as aligned columns under their header; `right` are the columns that end flush, such as numbers.

    Cells are made `visible`, and very long ones lose their middle.
    """
    every = [tuple(map(_cell, header)), *(tuple(map(_cell, row)) for row in rows)]
    widths = [max(len(row[column]) for row in every) for column in range(len(header))]
    lines = []
    for row in every:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append(f"{indent}{'  '.join(cells)}".rstrip())
    return "\n".join(lines)


def pairs(rows: Sequence[tuple[str, str]], style: Style = PLAIN, *, colours: Mapping[str, str] = {}) -> str:
    """Give names and what is said of them, made `visible`, in two indented columns; `colours` of values go by name."""
    width = max(len(name) for name, _ in rows)
    shown = (
        (name, style.paint(visible(value), colours[name]) if name in colours else visible(value))
        for name, value in rows
    )
    return "\n".join(f"  {visible(name).ljust(width)}  {value}" for name, value in shown)


def visible(text: str) -> str:
    r"""Give text that comes out of a file with what could steer a terminal or a CI log made visible, such as `\x1b`."""
    written = text if text.isprintable() else "".join(map(_letter, text))
    return _COMMAND.sub(lambda found: found[0][:-1] + f"\\x{ord(found[0][-1]):02x}", written)


def error_text(error: Exception) -> str:
    """Give the message of an error, which may hold names out of a file, line by line made `visible`."""
    return "\n".join(visible(line) for line in _shortened(str(error), _LONGEST_ERROR).split("\n"))


def _letter(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()


def _cell(text: str) -> str:
    return visible(_shortened(text, _WIDEST_CELL))


def _shortened(text: str, most: int) -> str:
    half = most // 2 - 1
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"
