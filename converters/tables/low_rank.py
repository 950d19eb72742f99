"""A table of fewer columns, and the projection that makes them as many as there were."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, Floats, refuse_infinite, refuse_unless
from converters.tables.operations import dense, widened


@dataclass(frozen=True, eq=False)
class LowRank:
    """`factor` [rows, rank] times `projection` float16 [rank, columns]."""

    factor: Coded
    projection: NDArray[np.float16]

    def __post_init__(self) -> None:
        shape = self.projection.shape
        fits = self.projection.dtype == np.float16 and len(shape) == 2 and shape[0] == self.factor.columns  # noqa: PLR2004
        got = f"a projection {self.projection.dtype} {list(shape)}"
        refuse_unless(holds=fits, got=got, expected=f"float16 [{self.factor.columns}, columns]")
        refuse_infinite(self.projection, "the projection")

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.factor.rows

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return int(self.projection.shape[1])

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The arrays of the factor, and the projection."""
        return *self.factor.stored, self.projection

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        return self.factor.decode() @ self.projection.astype(np.float32)

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look up rows of the factor and project those."""
        narrow = self.factor.lookup(writer, ids)
        shape = (*writer.shape(ids), self.columns)
        return writer.apply("BATCH_MATMUL", [narrow, widened(writer, self.projection)], shape)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Project the query down once, and score the factor with it."""
        return self.factor.scores(writer, dense(writer, query, widened(writer, self.projection)))
