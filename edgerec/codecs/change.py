"""What an update does to a table: which rows stay, which move, which are new, and which may be stored anew."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded, Floats
from edgerec.codecs.codec import Codec

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stored:
    """A table float32 [rows, columns], what its codec made of it, and of tiers the codec of each part once updated."""

    values: Floats
    codec: Codec
    coded: Coded
    parts: tuple[Codec, ...] = ()


@dataclass(frozen=True, eq=False)
class Change:
    """Where rows come from, and which of them may be stored anew.

    `source` int64 [rows] is the row that each was before, -1 for a new one; `touched` bool [rows] are those with
    something new, whose bytes may differ from before.
    """

    source: Rows
    touched: NDArray[np.bool_]

    @property
    def anew(self) -> NDArray[np.bool_]:
        """The rows that are stored anew, bool [rows]: the new ones and those that were touched."""
        return self.touched | (self.source < 0)

    @property
    def new(self) -> Rows:
        """The numbers of the rows that were not there before, ascending."""
        return np.flatnonzero(self.source < 0)


def in_place(rows: int, touched: NDArray[np.bool_]) -> Change:
    """A change of a table of `rows` rows that keep their numbers; rows of `touched` [n] beyond them are new."""
    numbers = np.arange(len(touched))
    return Change(np.where(numbers < rows, numbers, -1), touched)
