"""A recipe found by its name, which can be decoded, or read from TOML.

    summary = "80 % of every table and dense weight pruned to zero, the rest in int8"
    float_overlap = 0.4

    [[step]]
    do = "prune"
    sparsity = 0.8
    epochs = 2

    [[table]]
    layers = ["items*"]
    codec = "int4"

    [convert]
    precision = "dynamic_int8"

A name is its steps: ``prune80_cluster32_int8`` prunes 80 %, clusters the rest to 32 values and ends in dynamic int8;
``rows4_int8`` stores tables in 4 bits with a scale a row, and the rest in dynamic int8.
"""

import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any

from converters.spec import PRECISIONS
from edgerec.codecs.naming import SPELLED
from edgerec.codecs.naming import decode as decode_codec
from edgerec.codecs.parsing import parse_codec
from edgerec.compress.recipe import (
    STEPS,
    Cluster,
    Prune,
    QuantizeAware,
    Recipe,
    RecipeError,
    Step,
    TableCoding,
    promised,
)
from edgerec.strict_toml import Table, parse_toml, read_toml
from edgerec.suggestion import did_you_mean

BUILT_IN = Path(__file__).parent / "recipes"

_TOKENS: dict[str, Callable[[str], Step]] = {
    r"prune([0-9]{1,3})": lambda percent: Prune(int(percent) / 100),
    r"cluster([0-9]{1,4})": lambda clusters: Cluster(int(clusters)),
    r"qat()": lambda _: QuantizeAware(allow_no_gain=True),
}
_ENDINGS = {
    "float32": "float32",
    "float16": "float16",
    "full_int8": "full_int8",
    "int8": "dynamic_int8",
    "int16": "int16",
}


def decode(name: str) -> Recipe | None:
    """The recipe that a name spells, or None where it spells none."""
    for ending, precision in _ENDINGS.items():
        head, matched, _ = name.rpartition(ending)
        if not matched or not name.endswith(ending) or (head and not head.endswith("_")):
            continue
        tokens = head.removesuffix("_").split("_") if head else []
        codec = decode_codec(tokens[-1]) if tokens else None
        steps = [_step(token) for token in (tokens[:-1] if codec else tokens)]
        if all(steps):
            found = tuple(step for step in steps if step)
            tables = (TableCoding(codec),) if codec else ()
            return Recipe(name, found, precision, promised(found, precision, tables), tables=tables)
    return None


@cache
def built_in() -> dict[str, Recipe]:
    """The recipes that come with edgerec, by name."""
    return {path.stem: _recipe(read_toml(path, path.name), path.stem) for path in sorted(BUILT_IN.glob("*.toml"))}


def find(text: str) -> Recipe:
    """The recipe meant by a path to a TOML file, the name of a built-in one, or any name that decodes.

    Raises RecipeError with the closest name.
    """
    if text.endswith(".toml"):
        return parse(Path(text))
    known = built_in()
    found = known.get(text) or decode(text)
    if found is None:
        raise RecipeError(
            f"no recipe {text!r}{did_you_mean(text, known)}; give one of {', '.join(known)}, a name made of "
            f"prune<percent>, cluster<count>, qat, how tables are stored ({SPELLED}) and float32, float16, int8 or "
            "full_int8 joined by _, or a .toml file"
        )
    return found


def parse(path: Path) -> Recipe:
    """A recipe from a TOML file of the user's own, named for the file."""
    return _recipe(read_toml(path), path.stem)


def parse_text(text: str, name: str) -> Recipe:
    """A recipe from TOML text."""
    return _recipe(parse_toml(text, name), name)


def _step(token: str) -> Step | None:
    for pattern, make in _TOKENS.items():
        if match := re.fullmatch(pattern, token):
            return make(match[1])
    return None


def _recipe(table: Table, name: str) -> Recipe:
    convert = table.table("convert")
    precision = convert.choice("precision", PRECISIONS) if convert else None
    if convert is None or precision is None:
        raise RecipeError(f'{table.file}: expected a [convert] table with precision = "dynamic_int8" or the like')
    convert.refuse_unknown()
    steps = tuple(_parsed_step(step) for step in table.tables("step"))
    tables = tuple(_parsed_coding(coding) for coding in table.tables("table"))
    overlap = table.number("float_overlap")
    floor = overlap if overlap is not None else promised(steps, precision, tables)
    summary = table.text("summary") or ""
    table.refuse_unknown()
    try:
        return Recipe(name, steps, precision, floor, summary, tables)
    except RecipeError as error:
        raise _placed(error, table) from None


def _parsed_coding(table: Table) -> TableCoding:
    coding = TableCoding(parse_codec(table), table.texts("layers"))
    table.refuse_unknown()
    return coding


def _parsed_step(table: Table) -> Step:
    kind = STEPS.get(table.choice("do", tuple(STEPS)) or "")
    if kind is None:
        raise table.refuse("do", f"one of {', '.join(STEPS)}")
    settings = {
        setting.name: value
        for setting in fields(kind)
        if setting.init and (value := _READERS[setting.type](table, setting.name)) not in (None, ())
    }
    for setting in fields(kind):
        if setting.init and setting.default is MISSING and setting.name not in settings:
            raise table.refuse(setting.name, "a number; this step has no default for it")
    try:
        step = kind(**settings)
    except RecipeError as error:
        raise _placed(error, table) from None
    table.refuse_unknown()
    return step


def _placed(error: RecipeError, table: Table) -> RecipeError:
    """Say where in a file an error is; its first word is the setting that it is about."""
    return RecipeError(f"{table.where(str(error).partition(' ')[0])}: {error}")


_READERS: dict[Any, Callable[[Table, str], Any]] = {
    float: Table.number,
    int: lambda table, key: table.integer(key, least=0),
    str: lambda table, key: table.text(key),
    bool: lambda table, key: table.flag(key),
    tuple[str, ...]: lambda table, key: table.texts(key),
}
