"""Fits the rows by quotient and by remainder to a trained table, by alternating weighted least squares."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.clustering import checked_weights
from converters.tables.coded import Floats
from converters.tables.float16_rows import Float16Rows
from converters.tables.quotient_remainder import PRODUCT, SUM, QuotientRemainder

_LEAST = 1e-12
_Numbers = NDArray[np.float64]


def quotient_remainder(
    table: Floats,
    remainders: int,
    *,
    combine: str = PRODUCT,
    weights: NDArray[Any] | None = None,
    rounds: int = 10,
) -> QuotientRemainder:
    """Return `table` [rows, columns] on `remainders` rows by remainder and as many by quotient as it takes, in float16.

    The weighted squared error falls in every round; `weights` [rows] say which rows matter. It is a start for
    fine-tuning: neighbours by number are not alike. Raises ConverterError for no remainders or more than rows, and for
    a `combine` that there is not.
    """
    if not 1 <= remainders <= len(table) or combine not in {PRODUCT, SUM}:
        raise ConverterError(
            f"got {remainders} remainders of {len(table)} rows combined by {combine!r}, expected 1 to {len(table)} and "
            f'"{PRODUCT}" or "{SUM}"'
        )
    count, spare = -(-len(table) // remainders), -len(table) % remainders
    shape = (count, remainders, table.shape[1])
    values = np.concatenate([table, np.zeros((spare, table.shape[1]))]).reshape(shape).astype(np.float64)
    heavy = np.concatenate([checked_weights(weights, len(table)), np.zeros(spare)]).reshape(count, remainders, 1)
    if combine == SUM:
        left, right = _added(values, heavy, rounds)
    else:
        left, right = _multiplied(values, heavy, rounds)
    return QuotientRemainder(left.astype(np.float16), Float16Rows(right.astype(np.float16)), len(table), combine)


def _added(values: _Numbers, weights: _Numbers, rounds: int) -> tuple[_Numbers, _Numbers]:
    """Return quotients [count, columns] and remainders [n, columns] whose sums are near values [count, n, columns]."""
    by_row, by_column = (np.maximum(weights.sum(axis=axis), _LEAST) for axis in (1, 0))
    left = np.zeros((values.shape[0], values.shape[2]))
    for _ in range(rounds):
        right = (weights * (values - left[:, None])).sum(axis=0) / by_column
        left = (weights * (values - right)).sum(axis=1) / by_row
    return left, right


def _multiplied(values: _Numbers, weights: _Numbers, rounds: int) -> tuple[_Numbers, _Numbers]:
    """Return the same for products: each column on its own is a matrix of rank one; both sides are of equal length."""
    strongest = (weights * values**2).sum(axis=1).argmax(axis=0)
    right = values[strongest, :, np.arange(values.shape[2])].T
    for _ in range(rounds):
        left = (weights * values * right).sum(axis=1) / np.maximum((weights * right**2).sum(axis=1), _LEAST)
        right = (weights * values * left[:, None]).sum(axis=0) / np.maximum(
            (weights * left[:, None] ** 2).sum(axis=0), _LEAST
        )
    share = np.sqrt(np.maximum(np.abs(left).max(axis=0), _LEAST) / np.maximum(np.abs(right).max(axis=0), _LEAST))
    return left / share, right * share
