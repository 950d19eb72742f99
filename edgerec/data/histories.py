"""What a user took before, as rows of fixed length with the most recent last."""

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError
from edgerec.data.interactions import Interactions

Histories = npt.NDArray[np.int32]


def histories(interactions: Interactions, length: int, padding_id: int) -> Histories:
    """Return the last `length` items of every user, int32 [users, length], padded on the left with padding_id."""
    return _before(interactions, interactions.offsets[1:], interactions.offsets[:-1], length, padding_id)


def training_pairs(train: Interactions, length: int, padding_id: int) -> tuple[Histories, npt.NDArray[np.int32]]:
    """Return every interaction but each user's first as a target, with the history before it.

    Histories are int32 [m, length], padded on the left with padding_id; targets are int32 [m].
    """
    first = train.offsets[:-1][train.user]
    rows = np.flatnonzero(np.arange(len(train)) > first)
    return _before(train, rows, first[rows], length, padding_id), train.item[rows]


def _before(
    interactions: Interactions,
    ends: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    length: int,
    padding_id: int,
) -> Histories:
    if length < 1:
        raise DataError(f"A history holds at least 1 item, not {length}.")
    places = ends[:, None] + np.arange(-length, 0)
    padded = np.append(interactions.item, np.int32(padding_id))
    taken: Histories = padded[np.where(places >= starts[:, None], places, len(interactions))]
    return taken
