"""Lists of ids of different lengths, end to end in one array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Ragged:
    """Lists of ids of different lengths: list u is values[offsets[u]:offsets[u + 1]]."""

    offsets: Ids
    values: Ids

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Ids:
        part: Ids = self.values[self.offsets[index] : self.offsets[index + 1]]
        return part

    @property
    def rows(self) -> Ids:
        """Which list each value stands in, int32, as long as `values`."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.offsets))

    def take(self, rows: npt.NDArray[np.integer]) -> Ragged:
        """Return the lists at these rows, in this order."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(lengths, out=offsets[1:])
        at = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Ragged(offsets, self.values[at])

    @classmethod
    def from_lists(cls, lists: list[Ids]) -> Ragged:
        """Return the same lists end to end."""
        offsets = np.zeros(len(lists) + 1, np.int32)
        np.cumsum([len(each) for each in lists], out=offsets[1:])
        values = np.concatenate([np.zeros(0, np.int32), *lists]).astype(np.int32)
        return cls(offsets, values)
