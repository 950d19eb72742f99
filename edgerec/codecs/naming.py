"""Codecs by short names that decode: ``rows4``, ``aq8x64``, ``shared25``, ``axes32-top5-rows8-top25-rows4-aq6x64``."""

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, cast

from edgerec.codecs import registry
from edgerec.codecs.codec import Codec
from edgerec.codecs.column_groups import ColumnGroups, Group
from edgerec.codecs.shared import CLUSTER, HASH, TWINS
from edgerec.codecs.tiered import Tier, Tiered
from edgerec.codecs.turned import Turned

_TOKENS: dict[str, Callable[..., Codec]] = {
    r"rows(8|4|2)": lambda bits: registry.codec(f"int{bits}"),
    r"rows16": lambda: registry.codec("float16"),
    r"native(8|4|2)": lambda bits: registry.codec(f"native{bits}"),
    r"block4": lambda: registry.codec("block4"),
    r"pq([0-9]{1,3})x([0-9]{1,3})": lambda codes, centroids: registry.codec(
        "product", codes=int(codes), centroids=int(centroids)
    ),
    r"aq([0-9]{1,3})x([0-9]{1,3})": lambda codes, centroids: registry.codec(
        "additive", codes=int(codes), centroids=int(centroids)
    ),
    r"saq([0-9]{1,3})x([0-9]{1,3})": lambda codes, centroids: registry.codec(
        "additive", codes=int(codes), centroids=int(centroids), scaled=True
    ),
    r"cols([0-9]{1,3}x[842](?:and[0-9]{1,3}x[842])*)": lambda groups: ColumnGroups(_groups(groups)),
    r"shared([0-9]{1,2})": lambda own: registry.codec("shared", own=int(own) / 100, by=CLUSTER),
    r"hashed([0-9]{1,2})": lambda own: registry.codec("shared", own=int(own) / 100, by=HASH),
    r"memcom([0-9]{1,2})": lambda shared: registry.codec("memcom", shared=int(shared) / 100),
    r"qr": lambda: registry.codec("quotient_remainder"),
    r"lowrank([0-9]{1,3})": lambda rank: registry.codec("low_rank", rank=int(rank)),
    r"twins([0-9]{1,2})": lambda own: registry.codec("shared", own=int(own) / 100, by=TWINS),
}
_TOP = re.compile(r"top([0-9]{1,2})")
_AXES = re.compile(r"axes([0-9]{1,3})")

SPELLED = (
    "rows8, rows4, rows2, rows16, native4, block4, pq8x256, aq8x64, cols16x8and16x4, shared25, hashed25, twins25, "
    "top9-rows4-rows2, axes32-rows4"
)
"""An example of each kind of name, for people."""


def decode(name: str) -> Codec | None:
    """The codec that a name spells, or None where it spells none.

    ``top5-`` before a codec's name stores the 5 % most popular rows so; what comes last has the rest. ``axes32-`` in
    front turns the table into its 32 strongest axes first. Raises CodecError for a name whose numbers no codec takes.
    """
    first, _, turned = name.partition("-")
    if axes := _AXES.fullmatch(first):
        inner = _tiered(turned)
        return None if inner is None else Turned(int(axes[1]), inner)
    return _tiered(name)


def _tiered(name: str) -> Codec | None:
    *parts, rest = name.split("-")
    last, inner = _plain(rest), [_plain(each) for each in parts[1::2]]
    tops = [_TOP.fullmatch(each) for each in parts[::2]]
    tiers = [Tier(int(top[1]) / 100, each) for top, each in zip(tops, inner, strict=False) if top and each]
    if last is None or len(parts) != 2 * len(tiers):
        return None
    return Tiered((*tiers, Tier(1.0, last))) if tiers else last


def told(codec: Codec) -> str:
    """A codec in a line: its name and its settings, those of codecs inside it in parentheses."""
    return f"{codec.name} {', '.join(settings)}" if (settings := _settings(codec)) else codec.name


def _settings(codec: Any) -> list[str]:
    parts = []
    for each in fields(codec) if is_dataclass(codec) else ():
        value = getattr(codec, each.name)
        if not each.init or each.name == "bits":
            continue
        if isinstance(value, tuple):
            value = "; ".join(map(_told_part, value))
        elif is_dataclass(value):
            value = f"({told(cast('Codec', value))})"
        parts.append(f"{each.name} = {value}")
    return parts


def _told_part(part: Tier | Group) -> str:
    if isinstance(part, Group):
        return f"{part.columns} x int{part.bits}"
    return f"top {part.top:.0%} {told(part.of)}"


def _groups(spelled: str) -> tuple[Group, ...]:
    pairs = (each.split("x") for each in spelled.split("and"))
    return tuple(Group(int(columns), int(bits)) for columns, bits in pairs)


def _plain(name: str) -> Codec | None:
    for pattern, make in _TOKENS.items():
        if match := re.fullmatch(pattern, name):
            return make(*match.groups())
    return None
