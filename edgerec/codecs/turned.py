"""The turned codec: a table in its principal axes, stored by another codec, and the matrix that leads back."""

from dataclasses import dataclass, field

from converters.tables.coded import Floats
from converters.tables.low_rank import LowRank as LowRankRows
from edgerec.codecs.codec import Codec
from edgerec.codecs.errors import CodecError
from edgerec.codecs.low_rank import in_axes, projection_bytes
from edgerec.criteria.statistics import Statistics


@dataclass(frozen=True)
class Turned:
    """The `axes` strongest principal axes of a table in the metric of the scores, stored by the codec `of`.

    There an error costs the same in every column, and the strengths of the columns say which bits each deserves. As
    `low_rank`, but for what it leaves out: nothing at as many axes as columns, and little at half of them.
    """

    axes: int
    of: Codec
    name: str = field(default="turned", init=False)

    def __post_init__(self) -> None:
        if self.axes < 1:
            raise CodecError(f"axes is {self.axes}, expected 1 or more")

    @property
    def needs(self) -> tuple[str, ...]:
        """What the codec of the axes needs."""
        return self.of.needs

    @property
    def uses(self) -> tuple[str, ...]:
        """The metric, and what the codec of the axes uses."""
        return tuple(dict.fromkeys(("second_moment", *self.of.uses)))

    @property
    def litert_only(self) -> bool:
        """Whether the codec of the axes is."""
        return self.of.litert_only

    @property
    def learned(self) -> bool:
        """Whether the codec of the axes is."""
        return self.of.learned

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """What lies in the axes, and the way back."""
        return self.of.stored_bytes(rows, self.axes, statistics) + projection_bytes(self.axes, columns)

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> LowRankRows:
        """Turn, then store."""
        if self.axes > min(table.shape):
            raise CodecError(
                f"turned got {self.axes} axes for a table {list(table.shape)}, expected no more than either"
            )
        return in_axes(table, self.axes, self.of, statistics, seed=seed)
