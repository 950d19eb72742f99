"""Coded tables as bytes: whatever a codec makes comes back the same."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from edgerec.codecs.codec import encoded
from edgerec.codecs.coded_files import coded_from_bytes, coded_to_bytes
from edgerec.codecs.naming import decode
from edgerec.criteria.statistics import Statistics, Taken

NAMES = (
    *("rows8", "rows4", "rows2", "rows16", "native4", "block4", "pq4x16", "aq4x16", "saq4x16", "shared25", "hashed25"),
    *("twins25", "lowrank8", "memcom25", "qr", "top25-rows8-pq4x16", "top25-rows4-shared25"),
)


def same(one: Any, other: Any) -> bool:
    if is_dataclass(one):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return bool(one == other)


@pytest.mark.parametrize("name", NAMES)
def test_a_coded_table_is_read_as_it_was_written(name: str) -> None:
    random = np.random.default_rng(0)
    table = random.normal(size=(64, 32)).astype(np.float32)
    taken = Taken(random.integers(64, size=400), random.integers(30, size=400))
    codec = decode(name)
    assert codec is not None
    coded = encoded(codec, table, Statistics(popularity=random.permutation(64), taken=taken), seed=0)
    data = coded_to_bytes(coded)
    assert data is not None
    again = coded_from_bytes(data)
    assert same(coded, again)
    assert np.array_equal(again.decode(), coded.decode())


def test_what_a_third_party_made_is_not_written() -> None:
    class Rows:
        """A table that nobody here knows."""

        rows, columns, stored = 1, 1, ()
        decode = lookup = scores = None

    assert coded_to_bytes(Rows()) is None  # type: ignore[arg-type]
