"""TOML read strictly: every key is asked for by name and type, and what is wrong is named with its line."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from device_tests.files import refuse_other_than_file
from edgerec.errors import EdgerecError
from edgerec.suggestion import did_you_mean
from edgerec.toml_lines import MOST_PARTS, KeyPath, deep_key_line, key_lines

MOST_BYTES = 1 << 18
"""The most that a file holds: a hundred times what a large edgerec.toml has."""

_INTEGERS = 1 << 63
_LONGEST_SHOWN = 200


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
        return _shortened(".".join(str(part) for part in (*self.path, key) if isinstance(part, str)))

    def refuse(self, key: str, expected: str) -> TomlError:
        """Make the error for a key whose value is not what was expected."""
        value = self.values.get(key)
        received = "nothing" if value is None else _shown(value)
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
                f"{self.where(key)}: {self.name(key)} is {_shown(value)}, expected one of {', '.join(known)}"
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
    """Parse TOML text into its root table; raises TomlError with the parser's own line and column.

    Refused too are a text over `MOST_BYTES`, keys and values that lie deep in each other, whole numbers of more than 64
    bits and strings with a zero byte, which no path has.
    """
    if len(text) > MOST_BYTES:
        raise TomlError(f"{name}: {len(text):,} characters, expected at most {MOST_BYTES:,}.")
    if (line := deep_key_line(text)) is not None:
        raise TomlError(f"{name}:{line}: a key of more than {MOST_PARTS} parts, expected a few.")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"{name}: not TOML: {_shortened(str(error))}.") from error
    except RecursionError:
        raise TomlError(f"{name}: its values lie too deep in each other; no key takes more than a table.") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise TomlError(f"{name}: it holds a value that cannot be read: {error}.") from error
    _refuse_values(values, name)
    return Table(name, (), values, key_lines(text))


def _refuse_values(values: Mapping[str, object], name: str) -> None:
    left: list[object] = [values]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and "\0" in value:
            raise TomlError(f"{name}: {_shown(value)} holds a zero byte, expected text without.")
        elif isinstance(value, int) and not -_INTEGERS <= value < _INTEGERS:
            raise TomlError(f"{name}: it holds a whole number of {value.bit_length()} bits, expected at most 64.")


def _shown(value: object) -> str:
    return _shortened(repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def read_toml(path: Path, name: str | None = None) -> Table:
    """Read a TOML file into its root table; raises TomlError when it is missing, not UTF-8 or not TOML."""
    shown = name or str(path)
    try:
        refuse_other_than_file(path)
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise TomlError(f"{shown}: more than {MOST_BYTES:,} bytes, expected fewer.")
        text = data.decode("utf-8")
    except OSError as error:
        raise TomlError(f"{shown}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise TomlError(f"{shown}: not UTF-8 at byte {error.start}; TOML files are UTF-8.") from error
    except ValueError as error:  # a path that holds a zero byte
        raise TomlError(f"{shown}: cannot be read: {error}.") from error
    return parse_toml(text, shown)
