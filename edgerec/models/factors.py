"""Implicit alternating least squares in NumPy: the factors of users and items, and users solved against any items."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions

Matrix = npt.NDArray[np.float32]

FLOATS_AT_ONCE = 1 << 22
INITIAL_SCALE = 0.01


@dataclass(frozen=True, eq=False)
class Factors:
    """A user's score of an item is the product of their rows: users float32 [U, d], items float32 [I, d]."""

    users: Matrix
    items: Matrix


@dataclass(frozen=True, eq=False)
class _Lists:
    """The partners of every row, one after another: row r has partners[offsets[r] : offsets[r + 1]]."""

    offsets: npt.NDArray[np.int64]
    partners: npt.NDArray[np.int64]


def factorize(
    interactions: Interactions, columns: int, *, regularization: float, alpha: float, iterations: int, seed: int
) -> Factors:
    """Return factors of `columns` columns that minimize the weighted squared error of all users x items.

    An interaction has the target 1 and the confidence 1 + alpha (a repeated one 1 + 2 alpha, and so on), every other
    pair 0 and 1; weights are left aside. The users are solved last, against the items returned. Source: Y. Hu,
    Y. Koren, C. Volinsky, Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008. Raises DataError for
    settings that are not positive.
    """
    _refuse_nonpositive(columns=columns, alpha=alpha, iterations=iterations)
    by_user = _lists(interactions.user, interactions.item, interactions.users)
    by_item = _lists(interactions.item, interactions.user, interactions.items)
    draw = np.random.default_rng(seed).standard_normal((interactions.items, columns), np.float32)
    items = draw * np.float32(INITIAL_SCALE)
    for _ in range(iterations):
        users = _solve(items, by_user, regularization, alpha)
        items = _solve(users, by_item, regularization, alpha)
    return Factors(_solve(items, by_user, regularization, alpha), items)


def solve_users(items: Matrix, interactions: Interactions, *, regularization: float, alpha: float) -> Matrix:
    """Return the users' best rows against `items` [I, d] as they are, float32 [U, d]; one without interactions is 0.

    It is one half step of `factorize`: users folded in against a table as shipped. Raises DataError when the table
    has not a row for every item, or a setting is not positive.
    """
    if items.ndim != 2 or len(items) != interactions.items:  # noqa: PLR2004 - rows and columns
        raise DataError(f"The item table has shape {items.shape}: give one row for each of {interactions.items} items.")
    by_user = _lists(interactions.user, interactions.item, interactions.users)
    return _solve(items.astype(np.float32, copy=False), by_user, regularization, alpha)


def _lists(row: npt.NDArray[np.int32], partner: npt.NDArray[np.int32], rows: int) -> _Lists:
    counts = np.bincount(row, minlength=rows)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    return _Lists(offsets, partner[np.argsort(row, kind="stable")].astype(np.int64))


def _solve(fixed: Matrix, lists: _Lists, regularization: float, alpha: float) -> Matrix:
    """Return for each row the x of least x'(F'F + regularization) x + alpha |Vx|^2 - 2 (1 + alpha) 1'Vx.

    V are the rows of its partners in F. Written in W = F L^-T with L L' = F'F + regularization, the matrix is
    1 + alpha W'W: a row with fewer partners than columns solves the smaller system 1 + alpha W W' instead.
    """
    _refuse_nonpositive(regularization=regularization, alpha=alpha)
    wide = fixed.astype(np.float64)
    cholesky = np.linalg.cholesky(wide.T @ wide + regularization * np.eye(fixed.shape[1]))
    inverse = np.linalg.inv(cholesky)
    whitened = np.concatenate([wide @ inverse.T, np.zeros((1, fixed.shape[1]))]).astype(np.float32)
    solved = np.zeros((len(lists.offsets) - 1, fixed.shape[1]), np.float32)
    for rows, partners in _batches(lists, fixed.shape[1], padding=len(fixed)):
        taken = whitened[partners]
        if taken.shape[1] < taken.shape[2]:
            small = _plus_one(alpha * (taken @ taken.transpose(0, 2, 1)))
            solved[rows] = _weighted_sum(
                taken, np.linalg.solve(small, (partners < len(fixed)).astype(np.float32)[..., None])
            )
        else:
            full = _plus_one(alpha * (taken.transpose(0, 2, 1) @ taken))
            solved[rows] = np.linalg.solve(full, taken.sum(axis=1)[..., None])[..., 0]
    return ((1 + alpha) * solved) @ inverse.astype(np.float32)


def _batches(
    lists: _Lists, columns: int, padding: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield rows [B] of similar counts and their partners [B, longest], short lists filled with `padding`."""
    counts = np.diff(lists.offsets)
    order = np.argsort(-counts, kind="stable")
    order = order[: np.count_nonzero(counts)]
    start = 0
    while start < len(order):
        longest = int(counts[order[start]])
        rows = order[start : start + max(1, FLOATS_AT_ONCE // (longest * columns + columns * columns))]
        places = np.arange(longest)
        inside = places < counts[rows][:, None]
        positions = np.where(inside, lists.offsets[rows][:, None] + places, 0)
        yield rows, np.where(inside, lists.partners[positions], padding)
        start += len(rows)


def _plus_one(matrices: Matrix) -> Matrix:
    diagonal = np.arange(matrices.shape[1])
    matrices[:, diagonal, diagonal] += 1
    return matrices


def _weighted_sum(rows: Matrix, weights: Matrix) -> Matrix:
    summed: Matrix = (weights.transpose(0, 2, 1) @ rows)[:, 0]
    return summed


def _refuse_nonpositive(**settings: float) -> None:
    for name, value in settings.items():
        if not value > 0:
            raise DataError(f"Alternating least squares takes a {name} above 0, not {value}.")
