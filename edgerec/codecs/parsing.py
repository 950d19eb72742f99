"""A codec read from a table of TOML: its name, its settings, and the codecs inside it."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from edgerec.codecs import registry
from edgerec.codecs.codec import Codec
from edgerec.codecs.column_groups import Group
from edgerec.codecs.errors import CodecError
from edgerec.codecs.tiered import Tier
from edgerec.strict_toml import Table


def parse_codec(table: Table) -> Codec:
    """The codec that a table names, with the settings beside the name.

    `[x.of]` is the codec inside one that has one, each `[[x.tier]]` one of a tiered codec, each `[[x.group]]` some
    columns. Raises CodecError with the
    line for a name or setting that does not exist or does not fit; keys that are no settings are left unread.
    """
    name = table.required_text("codec")
    try:
        parameters = signature(registry.factory(name)).parameters.values()
        settings = {}
        for parameter in parameters:
            value = _READERS.get(parameter.annotation, Table.value)(
                table, _KEYS.get(parameter.annotation, parameter.name)
            )
            if value not in (None, ()):
                settings[parameter.name] = value
            elif parameter.default is Parameter.empty:
                raise table.refuse(parameter.name, "a value; this codec has no default for it")
        return registry.codec(name, **settings)
    except CodecError as error:
        if str(error).startswith(table.file):  # of a codec inside this one
            raise
        about = str(error).partition(" ")[0]
        raise CodecError(f"{table.where(about if about in table.values else 'codec')}: {error}") from None


def _tiers(table: Table, key: str) -> tuple[Tier, ...]:
    found = []
    for each in table.tables(key):
        top = each.number("top")
        found.append(Tier(1.0 if top is None else top, parse_codec(each)))
        each.refuse_unknown()
    return tuple(found)


def _groups(table: Table, key: str) -> tuple[Group, ...]:
    found = []
    for each in table.tables(key):
        columns, bits = (each.integer(name, least=1) for name in ("columns", "bits"))
        if columns is None or bits is None:
            raise each.refuse("bits" if columns else "columns", "an integer: columns = 16, bits = 8")
        found.append(Group(columns, bits))
        each.refuse_unknown()
    return tuple(found)


def _inner(table: Table, key: str) -> Codec | None:
    inner = table.table(key)
    if inner is None:
        return None
    found = parse_codec(inner)
    inner.refuse_unknown()
    return found


_KEYS: dict[Any, str] = {tuple[Tier, ...]: "tier", tuple[Group, ...]: "group"}
_READERS: dict[Any, Callable[[Table, str], Any]] = {
    float: Table.number,
    int: lambda table, key: table.integer(key, least=0),
    str: Table.text,
    bool: Table.flag,
    Codec: _inner,
    tuple[Tier, ...]: _tiers,
    tuple[Group, ...]: _groups,
}
