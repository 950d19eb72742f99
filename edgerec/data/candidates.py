"""Short lists to rank: one held-out item among sampled items that its user never took."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError
from edgerec.data.popularity import HALVES, THIRDS, halves, thirds
from edgerec.data.splitting import Part, Split

Segments = Literal["thirds", "halves"]
CELLS_AT_ONCE = 1 << 22

SEGMENTS: dict[Segments, tuple[tuple[str, ...], Callable[[npt.NDArray[np.int32]], npt.NDArray[np.int8]]]] = {
    "thirds": (THIRDS, thirds),
    "halves": (HALVES, halves),
}


@dataclass(frozen=True, eq=False)
class CandidateLists:
    """m lists: int32 users [m]; int32 items [m, 1 + n], the held-out item in column 0; int8 segment [m] of that item.

    `segment` counts into `segments`, the names of the groups by popularity.
    """

    users: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    segment: npt.NDArray[np.int8]
    segments: tuple[str, ...]

    def of(self, segment: str) -> "CandidateLists":
        """Return the lists whose held-out item lies in the named segment."""
        mask = self.segment == self.segments.index(segment)
        return CandidateLists(self.users[mask], self.items[mask], self.segment[mask], self.segments)


def sample_candidates(
    split: Split,
    n: int = 99,
    *,
    seed: int,
    same_segment: bool = True,
    segments: Segments = "thirds",
    part: Part = "test",
) -> CandidateLists:
    """Return one list for every held-out interaction of `part`, with n distinct items the user took in no part.

    With same_segment the negatives come from the positive's own segment by popularity in training, and only where its
    user has too few left there, from the next one. Raises DataError when a user has fewer than n items left in all.
    """
    if n < 1:
        raise DataError(f"A candidate list needs at least 1 negative, not {n}.")
    held_out, taken = split.held_out(part), split.seen("test").joined(split.test)
    names, cut = SEGMENTS[segments]
    segment = cut(split.train.popularity())
    negatives = np.empty((len(held_out), n), np.int32)
    generator = np.random.default_rng(seed)
    for rows in _chunks(len(held_out), split.train.items):
        keys = generator.random((len(held_out.user[rows]), split.train.items))
        if same_segment:
            keys += np.abs(segment - segment[held_out.item[rows], None])
        for row, user in enumerate(held_out.user[rows]):
            keys[row, taken.item[taken.offsets[user] : taken.offsets[user + 1]]] = np.inf
        _refuse_too_few(keys, n, held_out.user[rows], split)
        nearest = np.argpartition(keys, n - 1, axis=1)[:, :n]
        order = np.argsort(
            np.take_along_axis(keys, nearest, axis=1), axis=1
        )  # a partition's own order is NumPy's affair
        negatives[rows] = np.take_along_axis(nearest, order, axis=1)
    items = np.concatenate([held_out.item[:, None], negatives], axis=1)
    return CandidateLists(held_out.user, items, segment[held_out.item], names)


def _chunks(rows: int, items: int) -> Iterator[slice]:
    step = max(1, CELLS_AT_ONCE // items)
    return (slice(start, start + step) for start in range(0, rows, step))


def _refuse_too_few(keys: npt.NDArray[np.float64], n: int, users: npt.NDArray[np.int32], split: Split) -> None:
    left = np.isfinite(keys).sum(axis=1)
    if len(left) and left.min() < n:
        row = int(np.argmin(left))
        raise DataError(
            f"User {split.train.user_ids[users[row]]!r} has only {left[row]} items never taken, "
            f"too few for {n} negatives: take a smaller n."
        )
