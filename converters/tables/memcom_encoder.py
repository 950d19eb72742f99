"""Fits the shared rows, multipliers and biases of a MEmCom table to a trained one, by alternating least squares."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.clustering import checked_weights, summed_by
from converters.tables.coded import Floats
from converters.tables.float16_rows import Float16Rows
from converters.tables.memcom import Memcom
from converters.tables.metric import whitened

_LEAST = 1e-12


def memcom(
    table: Floats,
    shared: int,
    *,
    bias: bool = False,
    moment: NDArray[Any] | None = None,
    weights: NDArray[Any] | None = None,
    rounds: int = 10,
) -> Memcom:
    """Return `table` [rows, columns] as multiples of `shared` rows in float16, a start for fine-tuning.

    The weighted squared error in the metric of `moment` falls in every round; `weights` [rows] say which rows matter.
    With `bias` each row has one number of its own beside the multiplier. Raises ConverterError for no shared rows or
    more than rows.
    """
    if not 1 <= shared <= len(table):
        raise ConverterError(f"{len(table)} rows cannot share {shared}: give a number from 1 to {len(table)}")
    heavy = checked_weights(weights, len(table))
    points, back = whitened(table, moment)
    # One in every column, in the metric's coordinates: what a bias is a multiple of.
    ones = np.linalg.solve(back.T, np.ones(table.shape[1], np.float32)).astype(np.float64) if bias else None
    members = np.arange(len(table)) % shared
    rows = _longest(points, heavy, members, shared)
    for _ in range(rounds):
        # Up to its length, and to what a bias makes good, this is the shared row of least error for these multipliers.
        own, _ = _own_numbers(points, rows[members], ones)
        rows = summed_by(members, points * (heavy * own)[:, None].astype(np.float32), shared)
    stored = (_unit_multipliers(rows, points, members) @ back).astype(np.float16)
    decoded = whitened(stored.astype(np.float32), moment)[0].astype(np.float64)
    own, shift = _own_numbers(points, decoded[members], ones)
    return Memcom(Float16Rows(stored), own.astype(np.float16), shift.astype(np.float16) if bias else None)


def _longest(points: Floats, weights: Floats, members: NDArray[np.int64], shared: int) -> NDArray[np.float64]:
    """Return of each group the member with the largest weighted length, [shared, columns]."""
    lengths = weights * (points**2).sum(axis=1)
    order = np.lexsort((-lengths, members))
    firsts = np.searchsorted(members[order], np.arange(shared))
    return points[order[firsts]].astype(np.float64)


def _own_numbers(
    points: Floats, rows: NDArray[np.float64], ones: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the multiplier and the bias of least error for each point [n, columns] on its shared row."""
    square, product = (rows * rows).sum(axis=1), (points * rows).sum(axis=1)
    if ones is None:
        return product / np.maximum(square, _LEAST), np.zeros(len(points))
    across, along, unit = rows @ ones, points @ ones, float(ones @ ones)
    left = square * unit - across**2
    parallel = left <= _LEAST * np.maximum(square * unit, _LEAST)  # a shared row of equal numbers is a bias itself
    safe = np.where(parallel, 1.0, left)
    own = np.where(parallel, 0.0, (product * unit - along * across) / safe)
    return own, (along - own * across) / unit


def _unit_multipliers(rows: NDArray[np.float64], points: Floats, members: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the shared rows as long as the longest row that shares them, so that float16 holds all multipliers."""
    lengths = np.zeros(len(rows))
    np.maximum.at(lengths, members, np.linalg.norm(points, axis=1))
    norms = np.maximum(np.linalg.norm(rows, axis=1), _LEAST)
    scaled: NDArray[np.float32] = (rows * (lengths / norms)[:, None]).astype(np.float32)
    return scaled
