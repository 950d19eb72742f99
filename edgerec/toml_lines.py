"""On which line of a TOML text each key stands, and whether a key has more parts than a parser should see."""

import re
import tomllib
from collections.abc import Iterator

KeyPath = tuple[str | int, ...]

MOST_PARTS = 32
"""Of a dotted key: a parser's time and `key_lines` grow with their square."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_PAIR = re.compile(rf"\s*({_DOTTED})\s*=")
_PART = re.compile(_KEY)
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')
# What is not closed on its line is a piece too: a search for the end of each would take quadratic time.
_PIECE = re.compile(
    r"""(?P<key>[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\[^\n])*"?|'[^'\n]*'?)|(?P<dot>\.)|(?P<space>[ \t]+)|\#[^\n]*|.""",
    re.DOTALL,
)


def deep_key_line(text: str) -> int | None:
    """Give the line of the first key of more than `MOST_PARTS` parts, valid TOML or not, None without one."""
    parts, after_dot = 0, True
    for piece in _PIECE.finditer(text):
        if piece["key"]:
            parts, after_dot = parts + 1 if after_dot else 1, False
        elif piece["dot"]:
            after_dot = True
        elif not piece["space"]:
            parts, after_dot = 0, True
        if parts > MOST_PARTS:
            return text.count("\n", 0, piece.start()) + 1
    return None


def key_lines(text: str) -> dict[KeyPath, int]:
    """Give the line (from 1) on which each table and key of a valid TOML text stands.

    Keys inside an inline table are not listed: they stand on the line of the key that holds the table.
    """
    found: dict[KeyPath, int] = {}
    arrays: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in _statements(text):
        if header := _HEADER.match(line):
            table = _resolve(_parts(header[2]), arrays, opens=header[1] == "[[")
            found.setdefault(table, number)
        elif pair := _PAIR.match(line):
            path = table
            for part in _parts(pair[1]):
                path = (*path, part)
                found.setdefault(path, number)
    return found


def _parts(dotted: str) -> list[str]:
    return [next(iter(tomllib.loads(f"{part} = 0"))) for part in _PART.findall(dotted)]


def _resolve(parts: list[str], arrays: dict[KeyPath, int], *, opens: bool) -> KeyPath:
    """Turn a header's names into a path with the index of each array of tables on the way."""
    path: KeyPath = ()
    for at, part in enumerate(parts):
        path = (*path, part)
        if opens and at == len(parts) - 1:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path = (*path, arrays[path])
    return path


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Give each line that begins a statement, leaving out those inside a long string, array or inline table."""
    depth = 0
    closing: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if depth == 0 and closing is None:
            yield number, line
        position = 0
        while True:
            if closing is not None:
                end = _closing_at(line, closing, position)
                if end < 0:
                    break
                position, closing = end + 3, None
            token = _TOKEN.search(line, position)
            if token is None:
                break
            position = token.end()
            if token[0] in {'"""', "'''"}:
                closing = token[0]
            elif token[0] in {"[", "{"}:
                depth += 1
            elif token[0] in {"]", "}"}:
                depth -= 1


def _closing_at(line: str, quotes: str, start: int) -> int:
    """Give where a long string ends in this line, or -1; a backslash escapes a quote in the basic kind."""
    position = start
    while position < len(line):
        if quotes == '"""' and line[position] == "\\":
            position += 2
        elif line.startswith(quotes, position):
            while line.startswith(quotes, position + 1):
                position += 1
            return position
        else:
            position += 1
    return -1
