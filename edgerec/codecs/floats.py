"""The float16 codec."""

from dataclasses import dataclass, field

import numpy as np

from converters.tables.coded import Floats
from converters.tables.float16_rows import Float16Rows
from edgerec.criteria.statistics import Statistics


@dataclass(frozen=True)
class Float16:
    """Two bytes a number, widened when a runtime loads the file: half the file, no less memory."""

    name: str = field(default="float16", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=(), init=False)
    litert_only: bool = field(default=False, init=False)
    learned: bool = field(default=False, init=False)

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Two bytes a number."""
        del statistics
        return rows * columns * 2

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> Float16Rows:
        """The nearest numbers."""
        del statistics, seed
        return Float16Rows(table.astype(np.float16))
