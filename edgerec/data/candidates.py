"""Short lists to rank: one held-out item among sampled items of its own popularity half that its user never took."""

import numpy as np
import numpy.typing as npt

from device_tests.popularity import halves
from device_tests.ragged import Ids, Ragged
from edgerec.data.errors import DataError

CELLS_AT_ONCE = 1 << 22


def sample_candidates(relevant: Ragged, taken: Ragged, popularity: npt.NDArray[np.int32], n: int, *, seed: int) -> Ids:
    """Return n negatives for every held-out item, int32 [held-out items, n], aligned with `relevant.values`.

    They are distinct, of the item's own half by `popularity`, and not in its user's list in `taken`; each such item is
    equally likely. Raises DataError where a user has fewer than n of them.
    """
    if n < 1:
        raise DataError(f"A candidate list needs at least 1 negative, not {n}.")
    negatives = np.empty((len(relevant.values), n), np.int32)
    generator = np.random.default_rng(seed)
    half = halves(popularity)
    for own in np.unique(half):
        members = np.flatnonzero(half == own)
        asked = np.flatnonzero(half[relevant.values] == own)
        step = max(1, CELLS_AT_ONCE // len(members))
        for start in range(0, len(asked), step):
            pairs = asked[start : start + step]
            keys = generator.random((len(pairs), len(members)))
            never = taken.take(relevant.rows[pairs])
            inside = half[never.values] == own
            keys[never.rows[inside], np.searchsorted(members, never.values[inside])] = np.inf
            _refuse_too_few(keys, n)
            negatives[pairs] = members[_least(keys, n)]
    return negatives


def _least(keys: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.int64]:
    """Return the columns of the n least keys of each row, least first: a partition's own order is NumPy's affair."""
    columns = np.argpartition(keys, n - 1, axis=1)[:, :n]
    order = np.argsort(np.take_along_axis(keys, columns, axis=1), axis=1)
    return np.take_along_axis(columns, order, axis=1)


def _refuse_too_few(keys: npt.NDArray[np.float64], n: int) -> None:
    least = int(np.isfinite(keys).sum(axis=1).min())
    if least < n:
        raise DataError(
            f"A user has only {least} items never taken in the popularity half of a held-out item, too few for {n} "
            "candidates: take fewer."
        )
