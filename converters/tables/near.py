"""A metric of each row's own: the second moment of the vectors that the row comes near to being recommended to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Floats, refuse_unless
from converters.tables.metric import second_moment

_ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Near:
    """Which vectors each row is near, and how many of all others it is weighed against.

    Row r is near vectors[ids[offsets[r] : offsets[r + 1]]], `vectors` float32 [n, columns]. An error in row r costs
    these what it changes their scores by, squared, and `background` times what it costs a vector on average: a row
    must not come near those that it was far from.
    """

    vectors: Floats
    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]
    background: float

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def metrics(self, start: int = 0, end: int | None = None) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield slices of the rows from `start` to `end`, and their metrics [rows, columns, columns]."""
        wide = self.vectors.astype(np.float64)
        everyone = self.background * second_moment(self.vectors)
        stop = self.rows if end is None else end
        for first in range(start, stop, _ROWS_AT_ONCE):
            rows = slice(first, min(first + _ROWS_AT_ONCE, stop))
            found = np.repeat(everyone[None], rows.stop - rows.start, axis=0)
            for place in range(rows.start, rows.stop):
                taken = wide[self.ids[self.offsets[place] : self.offsets[place + 1]]]
                found[place - rows.start] += taken.T @ taken
            yield rows, found

    def finer(self) -> NDArray[np.float64]:
        """Return how many times finer than a row that no vector is near each row is to be rounded, [rows].

        With error feedback a step s costs a row s^2 / 12 times the geometric mean of its metric's eigenvalues a column,
        so that rows cost alike whose steps go as its inverse root.
        """
        columns = self.vectors.shape[1]
        none = _logs(self.background * second_moment(self.vectors)[None])
        logs = np.concatenate([_logs(found) for _, found in self.metrics()])
        finer: NDArray[np.float64] = np.exp((logs - none) / columns)
        return finer


def _logs(metrics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithms of the roots of the determinants."""
    logs: NDArray[np.float64] = np.log(np.diagonal(np.linalg.cholesky(metrics), axis1=1, axis2=2)).sum(axis=1)
    return logs


def near(vectors: Floats, lists: NDArray[np.integer[Any]], rows: int, *, background: float) -> Near:
    """Return which of `vectors` [n, columns] have each of `rows` rows in their `lists` [n, k]; -1 is no row.

    Raises ConverterError for a background that is not positive, or lists that do not fit.
    """
    refuse_unless(holds=background > 0, got=f"a background of {background}", expected="one above 0, such as 100")
    fits = lists.ndim == 2 and len(lists) == len(vectors) and lists.max(initial=-1) < rows  # noqa: PLR2004
    expected = f"one list of rows below {rows} for each of {len(vectors)} vectors"
    refuse_unless(holds=fits, got=f"lists {list(lists.shape)} up to {lists.max(initial=-1)}", expected=expected)
    flat = lists.ravel()
    order = np.argsort(flat, kind="stable")[np.count_nonzero(flat < 0) :]
    counts = np.bincount(flat[order], minlength=rows)
    return Near(vectors, order // lists.shape[1], np.concatenate([[0], np.cumsum(counts)]), background)
