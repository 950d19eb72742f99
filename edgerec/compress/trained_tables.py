"""Any coded table as TensorFlow variables that compute what its decode gives, and the coded table back from them."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from converters.tables.coded import Coded
from converters.tables.columns import Columns
from converters.tables.float16_rows import Float16Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.low_rank import LowRank
from converters.tables.memcom import Memcom
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.quotient_remainder import SUM, QuotientRemainder
from converters.tables.shared_rows import SharedRows
from converters.tables.tiers import Tiers
from edgerec.compress.errors import RecipeError
from edgerec.compress.straight_through import half
from edgerec.compress.trained_values import Numbers, TrainedCodes, TrainedHalves, TrainedIntegers
from edgerec.models.session import session


class TrainedTable(Protocol):
    """A coded table while it is trained: `trained` are its variables, `codes` its parts whose codes can be moved."""

    trained: list[Any]
    codes: list[TrainedCodes]

    def table(self) -> Any:
        """What `coded` decodes to, float32 [rows, columns], with a gradient to every variable."""
        ...

    def coded(self) -> Coded:
        """The table as it ships."""
        ...


def trained_table(coded: Coded, *, scales: bool = False) -> TrainedTable:
    """The table in training, which computes what `coded` decodes to; with `scales` its row scales adapt too.

    Integers are rounded straight through under their scales, codebooks keep their grid and their codes, an index stays
    as it is. Raises RecipeError for a codec that is not known here.
    """
    for kind, make in _KINDS.items():
        if isinstance(coded, kind):
            return make(coded, scales)
    known = ", ".join(kind.__name__ for kind in _KINDS)
    raise RecipeError(f"a table of {type(coded).__name__} cannot be trained, expected one of {known}")


class _Tiers:
    """Parts, each trained its own way."""

    def __init__(self, coded: Tiers, scales: bool) -> None:
        self._parts = [trained_table(part, scales=scales) for part in coded.parts]
        self.trained = [each for part in self._parts for each in part.trained]
        self.codes = [each for part in self._parts for each in part.codes]

    def table(self) -> Any:
        return session().tf.concat([part.table() for part in self._parts], axis=0)

    def coded(self) -> Coded:
        return Tiers(tuple(part.coded() for part in self._parts))


class _Columns:
    """Parts, each trained its own way; the scales, which they have in common, stay."""

    def __init__(self, coded: Columns) -> None:
        self._parts, self._columns = [trained_table(part) for part in coded.parts], coded.columns
        self.trained = [each for part in self._parts for each in part.trained]
        self.codes = [each for part in self._parts for each in part.codes]

    def table(self) -> Any:
        tf = session().tf
        rows = tf.concat([part.table() for part in self._parts], axis=1)
        return tf.pad(rows, [[0, 0], [0, self._columns - rows.shape[1]]])

    def coded(self) -> Coded:
        return Columns(tuple(part.coded() for part in self._parts), self._columns)


class _Shared:
    """The smaller table; the index stays."""

    def __init__(self, coded: SharedRows, scales: bool) -> None:
        self._index, self._inner = coded.index, trained_table(coded.table, scales=scales)
        self.trained, self.codes = self._inner.trained, self._inner.codes

    def table(self) -> Any:
        return session().tf.gather(self._inner.table(), self._index.astype(np.int32))

    def coded(self) -> Coded:
        return SharedRows(self._index, self._inner.coded())


class _LowRank:
    """The factor and the projection."""

    def __init__(self, coded: LowRank, scales: bool) -> None:
        self._factor, self._projection = trained_table(coded.factor, scales=scales), Numbers(coded.projection)
        self.trained, self.codes = [*self._factor.trained, self._projection.variable], self._factor.codes

    def table(self) -> Any:
        return session().tf.matmul(self._factor.table(), half(self._projection.numbers()))

    def coded(self) -> Coded:
        return LowRank(self._factor.coded(), half(self._projection.numbers()).numpy().astype(np.float16))


class _Memcom:
    """The shared rows, the multipliers and the biases."""

    def __init__(self, coded: Memcom, scales: bool) -> None:
        self._members = np.arange(coded.rows, dtype=np.int32) % coded.table.rows
        self._inner = trained_table(coded.table, scales=scales)
        given = [each for each in (coded.multipliers, coded.biases) if each is not None]
        self._own = [Numbers(each) for each in given]
        self.trained, self.codes = [*self._inner.trained, *(each.variable for each in self._own)], self._inner.codes

    def table(self) -> Any:
        multipliers, *biases = (half(each.numbers())[:, None] for each in self._own)
        rows = session().tf.gather(self._inner.table(), self._members) * multipliers
        return rows + biases[0] if biases else rows

    def coded(self) -> Coded:
        return Memcom(self._inner.coded(), *(half(each.numbers()).numpy().astype(np.float16) for each in self._own))


class _QuotientRemainder:
    """The quotients and the remainders."""

    def __init__(self, coded: QuotientRemainder, scales: bool) -> None:
        self._coded, self._remainders = coded, trained_table(coded.remainders, scales=scales)
        self._quotients = Numbers(coded.quotients)
        self.trained, self.codes = [*self._remainders.trained, self._quotients.variable], self._remainders.codes

    def table(self) -> Any:
        tf, ids = session().tf, np.arange(self._coded.rows, dtype=np.int32)
        left = tf.gather(half(self._quotients.numbers()), ids // self._coded.remainders.rows)
        right = tf.gather(self._remainders.table(), ids % self._coded.remainders.rows)
        return left + right if self._coded.combine == SUM else left * right

    def coded(self) -> Coded:
        quotients = half(self._quotients.numbers()).numpy().astype(np.float16)
        return QuotientRemainder(quotients, self._remainders.coded(), self._coded.rows, self._coded.combine)


_KINDS: dict[type, Callable[[Any, bool], TrainedTable]] = {
    Float16Rows: lambda coded, _: TrainedHalves(coded),
    **dict.fromkeys((IntegerRows, NativeRows, BlockRows), lambda coded, scales: TrainedIntegers(coded, scales=scales)),
    **dict.fromkeys((ProductCodes, AdditiveCodes), lambda coded, scales: TrainedCodes(coded, scales=scales)),
    Tiers: _Tiers,
    Columns: lambda coded, _: _Columns(coded),
    SharedRows: _Shared,
    LowRank: _LowRank,
    Memcom: _Memcom,
    QuotientRemainder: _QuotientRemainder,
}
