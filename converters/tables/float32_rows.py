"""Rows of float32 numbers: a table as it was trained, for what is compared with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Floats, ValueRows, refuse_infinite, refuse_unless
from converters.tables.operations import dense, gathered


@dataclass(frozen=True, eq=False)
class Float32Rows(ValueRows):
    """`values` float32 [rows, columns]."""

    values: Floats

    def __post_init__(self) -> None:
        fits = self.values.dtype == np.float32 and self.values.ndim == 2  # noqa: PLR2004
        got = f"{self.values.dtype} {list(self.values.shape)}"
        refuse_unless(holds=fits, got=got, expected="float32 [rows, columns]")
        refuse_infinite(self.values, "a number")

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The values."""
        return (self.values,)

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return self.values

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Gather from the table."""
        return gathered(writer, writer.constant(self.values), ids)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Multiply with the table."""
        return dense(writer, query, writer.constant(self.values))
