"""Rows of float16 numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Floats, ValueRows, refuse_infinite, refuse_unless
from converters.tables.operations import dense, gathered, widened


@dataclass(frozen=True, eq=False)
class Float16Rows(ValueRows):
    """`values` float16 [rows, columns]; a runtime holds them in float32."""

    values: NDArray[np.float16]

    def __post_init__(self) -> None:
        fits = self.values.dtype == np.float16 and self.values.ndim == 2  # noqa: PLR2004
        got = f"{self.values.dtype} {list(self.values.shape)}"
        refuse_unless(holds=fits, got=got, expected="float16 [rows, columns]")
        refuse_infinite(self.values, "a number")

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The values."""
        return (self.values,)

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return self.values.astype(np.float32)

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Gather from the widened table."""
        return gathered(writer, widened(writer, self.values), ids)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Multiply with the widened table."""
        return dense(writer, query, widened(writer, self.values))
