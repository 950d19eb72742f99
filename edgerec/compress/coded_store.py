"""Coded tables kept by what they were coded from, so that no worker, trial or build codes one that another has."""

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from converters.tables.coded import Coded, Floats
from edgerec.codecs.codec import Codec, encoded
from edgerec.codecs.coded_files import coded_from_bytes, coded_to_bytes
from edgerec.compress import cache
from edgerec.criteria.statistics import Statistics

_CODED = "coded.npz"


def stored(codec: Codec, table: Floats, statistics: Statistics, *, seed: int) -> Coded:
    """The table float32 [rows, columns] as `codec` stores it, from the cache where it was coded before.

    Raises as `encoded` does.
    """
    read = {name: getattr(statistics, name) for name in sorted({*codec.needs, *codec.uses})}
    name = cache.key("coded", codec=repr(codec), table=_digest(table), statistics=_digest(read), seed=seed)
    if kept := cache.read(name):
        return coded_from_bytes(kept[_CODED])
    made = encoded(codec, table, statistics, seed=seed)
    data = coded_to_bytes(made)
    if data is not None:
        cache.write(name, {_CODED: data})
    return made


def _digest(value: Any) -> str:
    """SHA-256 of arrays, alone, under names or in fields of dataclasses."""
    if isinstance(value, np.ndarray):
        same = np.ascontiguousarray(value)
        return hashlib.sha256(f"{same.dtype.str} {same.shape} ".encode() + same.tobytes()).hexdigest()
    if is_dataclass(value):
        value = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, dict):
        parts = "".join(f"{name} {_digest(each)}\n" for name, each in value.items())
        return hashlib.sha256(parts.encode()).hexdigest()
    return hashlib.sha256(repr(value).encode()).hexdigest()
