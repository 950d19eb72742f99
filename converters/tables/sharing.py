"""Which rows of a table may share one: rows that score alike, found by clustering, or any, found by hashing."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.clustering import cluster
from converters.tables.coded import Floats
from converters.tables.metric import whitened

Index: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]

_KNUTH = np.uint64(2654435761)
_WORD = np.uint64(0xFFFFFFFF)


def clustered(
    table: Floats,
    shared: int,
    *,
    seed: int,
    moment: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
) -> tuple[Index, Floats]:
    """Return for each row of `table` which of `shared` rows it uses, [rows], and those, float32 [shared, columns].

    Clusters have the least error in the metric of `moment`; `weights` [rows] say which rows matter. What comes back
    goes into `SharedRows`, the rows stored in any way. Raises ConverterError for no shared rows or for more than rows.
    """
    _refuse_unless_fewer(shared, len(table))
    points, back = whitened(table, moment)
    clusters = cluster(points, shared, seed=seed, weights=weights)
    return narrow(clusters.members, shared), clusters.centers @ back


def hashed(table: Floats, shared: int, *, weights: NDArray[Any] | None = None) -> tuple[Index, Floats]:
    """Return the same for rows that share by the hash of their number: no similarity, but nothing to fit either.

    A shared row is the weighted mean of those that use it, one that none uses is 0. The hash is Knuth's multiplicative
    one of 32 bits, scaled to the rows.
    """
    _refuse_unless_fewer(shared, len(table))
    mixed = hashes(len(table))
    members = ((mixed * np.uint64(shared)) >> np.uint64(32)).astype(np.int64)
    heavy = np.ones(len(table)) if weights is None else weights
    rows = np.zeros((shared, table.shape[1]))
    np.add.at(rows, members, table * heavy[:, None])
    mass = np.bincount(members, heavy, shared)
    return narrow(members, shared), (rows / np.maximum(mass, 1e-30)[:, None]).astype(np.float32)


def hashes(rows: int) -> NDArray[np.uint64]:
    """Return the hash of each row's number, 32 bits in uint64 [rows]."""
    return (np.arange(1, rows + 1, dtype=np.uint64) * _KNUTH) & _WORD


def _refuse_unless_fewer(shared: int, rows: int) -> None:
    if not 1 <= shared <= rows:
        raise ConverterError(f"{rows} rows cannot share {shared}: give a number from 1 to {rows}")


def narrow(members: NDArray[np.integer[Any]], shared: int) -> Index:
    """Return members, numbers below `shared`, in the narrowest type that `SharedRows` takes."""
    if shared <= 1 << 8:
        return members.astype(np.uint8)
    return members.astype(np.uint16) if shared <= 1 << 16 else members.astype(np.int32)
