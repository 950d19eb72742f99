"""The metric of the scores: an error e in a row costs e'He, H the second moment of the vectors that multiply it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.coded import Floats

Square = NDArray[np.float64]

# What is added to the diagonal, as a share of its mean: H of few vectors has no inverse.
_DAMPING = 1e-4


def second_moment(vectors: NDArray[Any]) -> Square:
    """Return the mean outer product of `vectors` [n, columns], V'V / n, float64 [columns, columns]."""
    wide = vectors.astype(np.float64)
    moment: Square = wide.T @ wide / len(wide)
    return moment


def damped(moment: NDArray[Any] | None, columns: int) -> Square:
    """Return H [columns, columns] with mean diagonal 1, damped so that it has an inverse; None is the identity.

    Raises ConverterError when the moment has another shape, is not finite or is zero.
    """
    if moment is None:
        return np.eye(columns)
    if moment.shape != (columns, columns):
        raise ConverterError(
            f"the second moment has shape {list(moment.shape)}, expected [{columns}, {columns}]: "
            "take that of the vectors which multiply this table"
        )
    mean = float(np.trace(moment)) / columns
    if not (np.isfinite(moment).all() and mean > 0):
        raise ConverterError("the second moment is zero or not finite: take that of vectors that are finite numbers")
    return moment / mean + _DAMPING * np.eye(columns)


def whitened(table: Floats, moment: NDArray[Any] | None) -> tuple[Floats, Floats]:
    """Return the table in coordinates where squared error is the metric's, and the matrix that leads back.

    With H = L L' they are table @ L [rows, columns] and L^-1 [columns, columns].
    """
    factor = np.linalg.cholesky(damped(moment, table.shape[1]))
    return (table @ factor).astype(np.float32), np.linalg.inv(factor).astype(np.float32)
