"""Rows put together of two, one by the quotient of their number and one by its remainder: no index is stored."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graph_writer import GraphWriter
from converters.tables.coded import Coded, Floats, refuse_infinite, refuse_unless
from converters.tables.operations import combined, dense, first, gathered, integer, remainder, reshaped, widened

PRODUCT, SUM = "product", "sum"
_OPERATORS = {PRODUCT: "MUL", SUM: "ADD"}


@dataclass(frozen=True, eq=False)
class QuotientRemainder:
    """Row i is row i // n of `quotients` and row i % n of `remainders` [n, columns], multiplied or added elementwise.

    `quotients` is float16 [ceil(rows / n), columns]; `combine` is "product" or "sum". Source: H.-J. M. Shi et al.,
    Compositional Embeddings Using Complementary Partitions, KDD 2020, arXiv 1909.02107.
    """

    quotients: NDArray[np.float16]
    remainders: Coded
    rows: int
    combine: str = PRODUCT

    def __post_init__(self) -> None:
        needed = (-(-self.rows // self.remainders.rows), self.columns)
        fits = self.quotients.dtype == np.float16 and self.quotients.shape == needed
        got = f"quotients {self.quotients.dtype} {list(self.quotients.shape)}"
        refuse_unless(holds=fits, got=got, expected=f"float16 {list(needed)}")
        expected = f"one of {', '.join(_OPERATORS)}"
        refuse_unless(holds=self.combine in _OPERATORS, got=f"combine {self.combine!r}", expected=expected)
        refuse_infinite(self.quotients, "the quotient")

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return self.remainders.columns

    @property
    def stored(self) -> tuple[NDArray[Any], ...]:
        """The quotients and the arrays of the remainders."""
        return self.quotients, *self.remainders.stored

    def decode(self) -> Floats:
        """Return the table [rows, columns] that a device computes with."""
        ids = np.arange(self.rows)
        left = self.quotients.astype(np.float32)[ids // self.remainders.rows]
        right = self.remainders.decode()[ids % self.remainders.rows]
        return left * right if self.combine == PRODUCT else left + right

    def lookup(self, writer: GraphWriter, ids: int) -> int:
        """Look up both rows and combine them."""
        count = integer(writer, self.remainders.rows)
        quotients = writer.apply("FLOOR_DIV", [ids, count], writer.shape(ids), "INT32")
        left = gathered(writer, widened(writer, self.quotients), quotients)
        right = self.remainders.lookup(writer, remainder(writer, ids, self.remainders.rows))
        return combined(writer, _OPERATORS[self.combine], left, right)

    def scores(self, writer: GraphWriter, query: int) -> int:
        """Score every quotient with every remainder, and leave out the pairs beyond the last row.

        A sum is scored as the sum of both scores; a product as the remainders' scores of the query times a quotient.
        """
        count, parts = len(self.quotients), self.remainders.rows
        if self.combine == SUM:
            left = reshaped(writer, dense(writer, query, widened(writer, self.quotients)), (-1, count, 1))
            right = reshaped(writer, self.remainders.scores(writer, query), (-1, 1, parts))
            pairs = combined(writer, "ADD", left, right)
        else:
            queries = reshaped(writer, query, (-1, 1, self.columns))
            each = combined(writer, "MUL", queries, widened(writer, self.quotients))
            pairs = self.remainders.scores(writer, reshaped(writer, each, (-1, self.columns)))
        return first(writer, reshaped(writer, pairs, (-1, count * parts)), self.rows)
