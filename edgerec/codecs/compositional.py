"""Codecs whose rows share others by the number of the row alone: they are worth something only after fine-tuning."""

import math
from dataclasses import dataclass, field

from converters.tables.coded import Floats
from converters.tables.memcom import Memcom
from converters.tables.memcom_encoder import memcom
from converters.tables.quotient_remainder import PRODUCT, SUM, QuotientRemainder
from converters.tables.quotient_remainder_encoder import quotient_remainder
from edgerec.codecs.errors import CodecError
from edgerec.criteria.statistics import Statistics
from edgerec.suggestion import did_you_mean

_FLOAT16_BYTES = 2


@dataclass(frozen=True)
class MEmCom:
    """The share `shared` of the rows, which a row picks by remainder, times a multiplier (and a bias) of its own.

    Source: N. Pansare et al., MLSys 2022, arXiv 2203.10135. No index is stored: 2 bytes a row, 4 with a bias.
    """

    shared: float = 0.1
    bias: bool = False
    name: str = field(default="memcom", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=("second_moment",), init=False)
    litert_only: bool = field(default=False, init=False)
    learned: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        if not 0 < self.shared < 1:
            raise CodecError(f"shared is {self.shared:g}, expected a share of the rows above 0 and below 1")

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """The shared rows, and one or two numbers for each row."""
        del statistics
        own = 2 if self.bias else 1
        return (self._shared(rows) * columns + rows * own) * _FLOAT16_BYTES

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> Memcom:
        """The start of fine-tuning: least squares in the metric of the scores."""
        del seed
        return memcom(table, self._shared(len(table)), bias=self.bias, moment=statistics.second_moment)

    def _shared(self, rows: int) -> int:
        return max(1, round(self.shared * rows))


@dataclass(frozen=True)
class QuotientRemainderRows:
    """A row picked by quotient and one by remainder, multiplied or added (`combine`); 0 `remainders` is the root.

    Source: H. Shi et al., KDD 2020, arXiv 1909.02107. About twice the root of the rows are stored.
    """

    remainders: int = 0
    combine: str = PRODUCT
    name: str = field(default="quotient_remainder", init=False)
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=(), init=False)
    litert_only: bool = field(default=False, init=False)
    learned: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        if self.combine not in {PRODUCT, SUM}:
            hint = did_you_mean(self.combine, (PRODUCT, SUM))
            raise CodecError(f"combine is {self.combine!r}, expected {PRODUCT} or {SUM}{hint}")

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """The rows of both."""
        del statistics
        remainders = self._remainders(rows)
        return (remainders + -(-rows // remainders)) * columns * _FLOAT16_BYTES

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> QuotientRemainder:
        """The start of fine-tuning: least squares."""
        del statistics, seed
        return quotient_remainder(table, self._remainders(len(table)), combine=self.combine)

    def _remainders(self, rows: int) -> int:
        return self.remainders or max(1, round(math.sqrt(rows)))
