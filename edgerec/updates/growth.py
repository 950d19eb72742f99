"""A recommender with room for more items and users: every row keeps its number, new ones come behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from device_tests.manifest import Input
from edgerec.compress.id_rows import USER, Rows, id_rows, with_rows
from edgerec.models.recommender import ModelError, Recommender
from edgerec.models.roles import CATALOGUE
from edgerec.updates.errors import UpdateError


@dataclass(frozen=True, eq=False)
class Grown:
    """A recommender whose tables are larger, their new rows 0, and where the rows of each table come from, by layer."""

    recommender: Recommender
    tables: Mapping[str, Rows]


def grown(recommender: Recommender, items: int, users: int) -> Grown:
    """The recommender with `items` items, and rows for `users` users where it has a table of them.

    Raises UpdateError as `rows_of` does.
    """
    tables, roles = rows_of(recommender, items, users), recommender.roles
    inputs = tuple(_input(entry, roles.items, items, users) for entry in roles.inputs)
    return Grown(with_rows(recommender, tables, replace(roles, inputs=inputs, items=items)), tables)


def rows_of(recommender: Recommender, items: int, users: int) -> dict[str, Rows]:
    """Where the rows of each table come from that grows with items or users, by layer.

    Rows behind the items, such as a history's padding, move behind the new items. Raises UpdateError for a recommender
    that does not score its whole catalogue with a dense layer, or that does anything with ids but look them up.
    """
    roles = recommender.roles
    if roles.kind != CATALOGUE:
        raise UpdateError(
            f"{roles.name} is {roles.kind}, and it scores no whole catalogue: updates are made of models that end in a "
            "dense layer with a score for every item, such as a history encoder or matrix factorization; make the "
            "bundle anew"
        )
    try:
        tables = id_rows(recommender)
    except ModelError as error:
        raise UpdateError(f"{error}: make the bundle anew") from error
    return {name: _larger(rows, roles.items, items, users) for name, rows in tables.items()}


def _larger(rows: Rows, old: int, items: int, users: int) -> Rows:
    size = len(rows.source)
    at, more = (size, users - size) if rows.of == USER else (old, items - old)
    return replace(rows, source=np.insert(rows.source, at, np.full(max(0, more), -1)))


def _input(entry: Input, old: int, items: int, users: int) -> Input:
    if entry.role == USER:
        return replace(entry, ids=max(entry.ids, users))
    padding = entry.padding_id
    if padding is not None and padding >= old:
        padding += items - old
    return replace(entry, ids=entry.ids + items - old, padding_id=padding)
