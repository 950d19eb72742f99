"""TOML read strictly: every key is asked for by name and type, and what is wrong is named with its line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgerec.errors import EdgerecError
from edgerec.suggestion import did_you_mean

KeyPath = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_PAIR = re.compile(rf"\s*({_DOTTED})\s*=")
_PART = re.compile(_KEY)
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


class TomlError(EdgerecError):
    """A TOML file that cannot be read, or says what nobody asks for."""


@dataclass(frozen=True)
class Table:
    """One table of a TOML file; the getters note which keys were read, `refuse_unknown` names the others."""

    file: str
    path: KeyPath
    values: Mapping[str, object]
    lines: Mapping[KeyPath, int]
    read: set[str] = field(default_factory=set, compare=False)

    def where(self, key: str | None = None) -> str:
        """Give `file:line` of a key, of the table itself without one, or the file when the line is not known."""
        path = self.path if key is None else (*self.path, key)
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines[path]}" if path else self.file

    def name(self, key: str) -> str:
        """Give the dotted name of a key, as a person would say it."""
        return ".".join(str(part) for part in (*self.path, key) if isinstance(part, str))

    def refuse(self, key: str, expected: str) -> TomlError:
        """Make the error for a key whose value is not what was expected."""
        value = self.values.get(key)
        received = "nothing" if value is None else f"{value!r}"
        return TomlError(f"{self.where(key)}: {self.name(key)} is {received}, expected {expected}.")

    def value(self, key: str) -> object | None:
        """Give a key's value as TOML has it, or None."""
        self.read.add(key)
        return self.values.get(key)

    def text(self, key: str) -> str | None:
        """Give a string that is not empty, or None."""
        value = self.value(key)
        if value is None or (isinstance(value, str) and value):
            return value
        raise self.refuse(key, "a string")

    def required_text(self, key: str) -> str:
        """Give a string that has to be there."""
        value = self.text(key)
        if value is None:
            raise TomlError(f'{self.where()}: {self.name(key)} is missing; write {key} = "..." there.')
        return value

    def choice(self, key: str, known: tuple[str, ...]) -> str | None:
        """Give a string that is one of the known ones, or None."""
        value = self.text(key)
        if value is not None and value not in known:
            raise TomlError(
                f"{self.where(key)}: {self.name(key)} is {value!r}, expected one of {', '.join(known)}"
                f"{did_you_mean(value, known)}."
            )
        return value

    def integer(self, key: str, *, least: int) -> int | None:
        """Give a whole number of at least `least`, or None."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.refuse(key, f"a whole number of at least {least}")
        return value

    def number(self, key: str) -> float | None:
        """Give a number, or None."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(key, "a number")
        return float(value)

    def flag(self, key: str) -> bool | None:
        """Give true or false, or None."""
        value = self.value(key)
        if value is None or isinstance(value, bool):
            return value
        raise self.refuse(key, "true or false")

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a list of strings, empty when the key is not there."""
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self.refuse(key, "a list of strings")
        return tuple(value)

    def table(self, key: str) -> "Table | None":
        """Give a table inside this one, or None."""
        value = self.value(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refuse(key, f"a table, [{self.name(key)}]")
        return Table(self.file, (*self.path, key), value, self.lines)

    def tables(self, key: str) -> tuple["Table", ...]:
        """Give the tables of an array of tables, none when the key is not there."""
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.refuse(key, f"an array of tables, [[{self.name(key)}]]")
        return tuple(Table(self.file, (*self.path, key, at), one, self.lines) for at, one in enumerate(value))

    def refuse_unknown(self) -> None:
        """Refuse the first key that nobody asked for; call it after all the getters."""
        for key in self.values:
            if key not in self.read:
                hint = did_you_mean(key, self.read) or f"; known here: {', '.join(sorted(self.read))}"
                raise TomlError(f"{self.where(key)}: {self.name(key)} is not known{hint}.")


def parse_toml(text: str, name: str) -> Table:
    """Parse TOML text into its root table; raises TomlError with the parser's own line and column."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"{name}: not TOML: {error}.") from error
    return Table(name, (), values, key_lines(text))


def read_toml(path: Path, name: str | None = None) -> Table:
    """Read a TOML file into its root table; raises TomlError when it is missing, not UTF-8 or not TOML."""
    shown = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TomlError(f"{shown}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise TomlError(f"{shown}: not UTF-8 at byte {error.start}; TOML files are UTF-8.") from error
    return parse_toml(text, shown)


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
