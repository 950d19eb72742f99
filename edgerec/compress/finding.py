"""A recipe found by its name, which can be decoded, or read from TOML.

    summary = "80 % of every table and dense weight pruned to zero, the rest in int8"
    float_overlap = 0.4

    rows = "drop"        # items leave the catalogue; [drop] says which

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
``narrow50-magnitude`` and ``prune80-fisher`` name a criterion too, ``prune30by10`` grows by 10 % each round of a loop.
``drop75_`` or ``dropunshown_`` at the front drops items.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from converters.spec import PRECISIONS
from edgerec.codecs.naming import SPELLED
from edgerec.codecs.naming import decode as decode_codec
from edgerec.codecs.parsing import parse_codec
from edgerec.compress.errors import RecipeError
from edgerec.compress.loop import GROWING, Loop
from edgerec.compress.ranking import ModelPath, Settings, criterion_spelled
from edgerec.compress.recipe import Recipe, TableCoding, promised
from edgerec.compress.steps import (
    MAGNITUDE,
    MAX_VARIANCE,
    POPULARITY,
    STEPS,
    Cluster,
    Drop,
    Narrow,
    Prune,
    QuantizeAware,
    Step,
    Tuning,
)
from edgerec.strict_toml import Table, parse_toml, read_toml
from edgerec.suggestion import did_you_mean

TUNED = "tuned"  # in a name: what comes before it is trained as it is stored
Said = TypeVar("Said", bound=Step | Tuning | Drop | Loop)

BUILT_IN = Path(__file__).parent / "recipes"

_BY = r"(?:-([a-z0-9-]+))?"
_TOKENS: dict[str, Callable[[str, str | None], Step]] = {
    rf"narrow([0-9]{{1,3}}){_BY}": lambda percent, by: Narrow(
        int(percent) / 100, criterion_spelled(by or MAX_VARIANCE)
    ),
    rf"prune([0-9]{{1,3}}){_BY}": lambda percent, by: Prune(
        int(percent) / 100, criterion=criterion_spelled(by or MAGNITUDE)
    ),
    r"cluster([0-9]{1,4})()": lambda clusters, _: Cluster(int(clusters)),
    r"qat()()": lambda *_: QuantizeAware(allow_no_gain=True),
}
_DROP = re.compile(rf"drop(?:unshown|([0-9]{{1,2}}){_BY})")
_GROWING = re.compile(rf"({'|'.join(GROWING)})([0-9]{{1,3}})by([0-9]{{1,2}})((?:-[a-z0-9-]+)?)")
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
        drop = _dropped(tokens[0]) if tokens else None
        tokens = tokens[1:] if drop else tokens
        tuning = Tuning() if tokens[-1:] == [TUNED] else None
        tokens = tokens[:-1] if tuning else tokens
        codec = decode_codec(tokens[-1]) if tokens else None
        tokens, loop = _without_loop(tokens)
        steps = [_step(token) for token in (tokens[:-1] if codec else tokens)]
        if all(steps):
            found = tuple(step for step in steps if step)
            tables = (TableCoding(codec),) if codec else ()
            overlap = _promised(found, precision, tables, loop, drop)
            return Recipe(name, found, precision, overlap, tables=tables, tuning=tuning, drop=drop, loop=loop)
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
            "drop<percent>, narrow<percent>, prune<percent> (each with -<criterion>, as prune80-fisher; the last two "
            "growing in a loop, as prune30by10), cluster<count>, qat, how "
            f"tables are stored ({SPELLED}), tuned, and float32, float16, int8 or full_int8 joined by _, or a .toml"
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
            return make(match[1], match[2])
    return None


def _dropped(token: str) -> Drop | None:
    match = _DROP.fullmatch(token)
    if match is None:
        return None
    percent, by = match.groups()
    return (
        Drop() if percent is None else Drop((100 - int(percent)) / 100, criterion=criterion_spelled(by or POPULARITY))
    )


def _without_loop(tokens: Sequence[str]) -> tuple[list[str], Loop | None]:
    """The tokens with that of the step that grows as one that does not, and the loop that it spells."""
    for at, token in enumerate(tokens):
        if match := _GROWING.fullmatch(token):
            kind, start, by, criterion = match.groups()
            return [*tokens[:at], f"{kind}{start}{criterion}", *tokens[at + 1 :]], Loop(kind, int(by) / 100)
    return list(tokens), None


def _promised(
    steps: Sequence[Step], precision: str, tables: Sequence[TableCoding], loop: Loop | None, drop: Drop | None
) -> float:
    """The overlap with float32's lists that is promised where a recipe does not say: that of a loop's last round."""
    last = [loop.last(step) if loop and step.do == loop.grow else step for step in steps]
    return promised(last, precision, tables, drop)


def _recipe(table: Table, name: str) -> Recipe:
    convert = table.table("convert")
    precision = convert.choice("precision", PRECISIONS) if convert else None
    if convert is None or precision is None:
        raise RecipeError(f'{table.file}: expected a [convert] table with precision = "dynamic_int8" or the like')
    convert.refuse_unknown()
    steps = tuple(_parsed_step(step) for step in table.tables("step"))
    tables = tuple(_parsed_coding(coding) for coding in table.tables("table"))
    drop = _parsed_drop(table)
    tune = table.table("tune")
    tuning = None if tune is None else _parsed(Tuning, tune)
    said = table.table("loop")
    loop = None if said is None else _parsed(Loop, said)
    overlap = table.number("float_overlap")
    summary = table.text("summary") or ""
    table.refuse_unknown()
    try:
        floor = overlap if overlap is not None else _promised(steps, precision, tables, loop, drop)
        return Recipe(name, steps, precision, floor, summary, tables, tuning, drop, loop)
    except RecipeError as error:
        raise _placed(error, table) from None


def _parsed_drop(table: Table) -> Drop | None:
    asked, settings = table.choice("rows", ("drop",)), table.table("drop")
    if asked is None and settings is not None:
        raise table.refuse("rows", '"drop" beside [drop]: that items leave the catalogue is said by name')
    if asked is None:
        return None
    return Drop() if settings is None else _parsed(Drop, settings)


def _parsed_coding(table: Table) -> TableCoding:
    coding = TableCoding(parse_codec(table), table.texts("layers"))
    table.refuse_unknown()
    return coding


def _parsed_step(table: Table) -> Step:
    kind = STEPS.get(table.choice("do", tuple(STEPS)) or "")
    if kind is None:
        raise table.refuse("do", f"one of {', '.join(STEPS)}")
    return _parsed(kind, table)


def _parsed(kind: type[Said], table: Table) -> Said:
    """What a table says, as a frozen dataclass with a field for each setting."""
    settings = {
        setting.name: value
        for setting in fields(kind)
        if setting.init and (value := _READERS[setting.type](table, setting.name)) not in (None, ())
    }
    for setting in fields(kind):
        if setting.init and setting.default is MISSING and setting.name not in settings:
            raise table.refuse(setting.name, "a value; there is no default for it")
    try:
        said = kind(**settings)
    except RecipeError as error:
        raise _placed(error, table) from None
    table.refuse_unknown()
    return said


def _placed(error: RecipeError, table: Table) -> RecipeError:
    """Say where in a file an error is; its first word is the setting that it is about."""
    return RecipeError(f"{table.where(str(error).partition(' ')[0])}: {error}")


def _settings(table: Table, key: str) -> Settings:
    """A criterion's own settings, from a table inside the step's."""
    inside = table.table(key)
    found = {} if inside is None else inside.values
    for name, value in found.items():
        if inside is not None and not isinstance(value, str | int | float):
            raise inside.refuse(name, "a string, a number, true or false")
    return tuple(sorted(found.items()))  # type: ignore[arg-type]


def _beside(table: Table, key: str) -> ModelPath | None:
    """A file that a recipe names, from the folder that the recipe is in."""
    written = table.text(key)
    return None if written is None else ModelPath(str(Path(table.file).parent / written))


def _number_or_word(table: Table, key: str) -> float | str | None:
    return table.text(key) if isinstance(table.value(key), str) else table.number(key)


_READERS: dict[Any, Callable[[Table, str], Any]] = {
    float | str: _number_or_word,
    float: Table.number,
    int: lambda table, key: table.integer(key, least=0),
    str: lambda table, key: table.text(key),
    bool: lambda table, key: table.flag(key),
    tuple[str, ...]: lambda table, key: table.texts(key),
    Settings: _settings,
    ModelPath: _beside,
}
