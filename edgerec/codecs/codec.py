"""What a codec is to a recipe: a frozen value of settings that stores a table, and says before how large it will be."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded, Floats
from edgerec.codecs.errors import CodecError
from edgerec.criteria.statistics import Statistics


class Codec(Protocol):
    """A way to store a table [rows, columns], a frozen dataclass; a third party's comes by the entry point group.

    `needs` names the fields of Statistics without which it cannot encode, `uses` those that it makes use of where they
    are known. With `litert_only` no tflite-runtime reads the file; with `learned` it is worth something only after
    fine-tuning.
    """

    @property
    def name(self) -> str:
        """What a recipe calls it."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields of Statistics that it cannot do without."""

    @property
    def uses(self) -> tuple[str, ...]:
        """Fields of Statistics that it takes into account."""

    @property
    def litert_only(self) -> bool:
        """Whether only LiteRT reads it."""

    @property
    def learned(self) -> bool:
        """Whether it needs fine-tuning."""

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Bytes of the arrays, and of the quantization beside them, that a table of this shape will take in a file."""

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> Coded:
        """The table [rows, columns] as it will be stored."""


def encoded(codec: Codec, table: NDArray[Any], statistics: Statistics, *, seed: int) -> Coded:
    """The table float32 [rows, columns], as `codec` stores it.

    Raises CodecError for numbers that are not finite and statistics that the codec needs and nobody gave, and
    ConverterError for a shape that it does not take.
    """
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        row, column = (int(place) for place in bad[0])
        raise CodecError(
            f"row {row} of the table holds {table[row, column]} in column {column}, and {len(bad)} values in all are "
            "no finite numbers: train again or repair them"
        )
    missing = [each for each in codec.needs if getattr(statistics, each) is None]
    if missing:
        raise CodecError(
            f"codec {codec.name} needs {' and '.join(missing)}, which is not known of this table: take a codec that "
            "needs none, such as int4"
        )
    return codec.encode(np.ascontiguousarray(table, np.float32), statistics, seed=seed)
