"""Codecs that put rows together from a few centroids: a code picks a part of the row, or a row to add."""

from dataclasses import dataclass, field

import numpy as np

from converters.tables.additive_quantizer import additive_codes
from converters.tables.coded import Floats
from converters.tables.codes import is_paired
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from converters.tables.product_quantizer import product_codes
from converters.tables.scaled_additive import scaled_additive_codes
from edgerec.codecs.errors import CodecError
from edgerec.criteria.statistics import Statistics

_FLOAT16_BYTES = 2
_MOST_CENTROIDS = 256


@dataclass(frozen=True)
class _Codes:
    """`codes` codes a row, each into `centroids` of them: what both kinds refuse, use and run on."""

    codes: int = 8
    centroids: int = 256
    needs: tuple[str, ...] = field(default=(), init=False)
    uses: tuple[str, ...] = field(default=("second_moment",), init=False)
    litert_only: bool = field(default=False, init=False)
    learned: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.codes < 1:
            raise CodecError(f"codes is {self.codes}, expected 1 or more a row")
        if not 2 <= self.centroids <= _MOST_CENTROIDS:  # noqa: PLR2004 - one centroid tells no rows apart
            raise CodecError(
                f"centroids is {self.centroids}, expected 2 to {_MOST_CENTROIDS}: a code is one byte at the most"
            )


@dataclass(frozen=True)
class Product(_Codes):
    """`codes` codes a row, each into `centroids` of columns / codes numbers (Jegou, Douze, Schmid 2011).

    Fitted in the metric of the vectors that multiply the table, where those are known; `gain` makes good that
    centroids are shorter than what they stand for: 0 errs least, 1 keeps a row's product with itself.
    """

    gain: float = 0.5
    balance: float = 0.0
    name: str = field(default="product", init=False)

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Codes and codebooks."""
        del statistics
        return rows * _code_bytes(self.codes, self.centroids) + self.centroids * columns * _FLOAT16_BYTES

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> ProductCodes:
        """Part after part, each making good the error of those before."""
        return product_codes(
            table,
            self.codes,
            self.centroids,
            seed=seed,
            moment=statistics.second_moment,
            weights=_weights(table, self.balance),
            gain=self.gain,
        )


@dataclass(frozen=True)
class Additive(_Codes):
    """`codes` codes a row, each into `centroids` rows of full width that add up (Babenko, Lempitsky 2014).

    `gain` as in Product. Rows weigh their length to the power of -`balance`: with 0.5 short rows, which few users
    took, count for more than their error. `book_bits` rounds the codebooks so that they compress; 0 leaves float16.
    With `scaled` the codes are of a row's direction, and its length is a scale beside them: rows weigh the same.
    """

    centroids: int = 64
    gain: float = 1.0
    balance: float = 0.5
    book_bits: int = 7
    scaled: bool = False
    name: str = field(default="additive", init=False)

    def stored_bytes(self, rows: int, columns: int, statistics: Statistics) -> int:
        """Codes and codebooks."""
        del statistics
        books = self.codes * self.centroids * columns * _FLOAT16_BYTES
        own = _code_bytes(self.codes, self.centroids) + (_FLOAT16_BYTES if self.scaled else 0)
        return rows * own + books

    def encode(self, table: Floats, statistics: Statistics, *, seed: int) -> AdditiveCodes:
        """Codes searched and codebooks solved in turns."""
        if self.scaled:
            return scaled_additive_codes(
                table,
                self.codes,
                self.centroids,
                seed=seed,
                moment=statistics.second_moment,
                gain=self.gain,
                book_bits=self.book_bits or None,
            )
        return additive_codes(
            table,
            self.codes,
            self.centroids,
            seed=seed,
            moment=statistics.second_moment,
            weights=_weights(table, self.balance),
            gain=self.gain,
            book_bits=self.book_bits or None,
        )


def _code_bytes(codes: int, centroids: int) -> int:
    return codes // 2 if is_paired(codes, centroids) else codes


def _weights(table: Floats, balance: float) -> Floats | None:
    """What each row counts for: its length to the power of -balance; a row of zeros as the shortest other."""
    if not balance:
        return None
    lengths = np.sqrt((table.astype(np.float64) ** 2).sum(axis=1))
    shortest = lengths[lengths > 0].min(initial=1.0)
    weights: Floats = (np.maximum(lengths, shortest) ** -balance).astype(np.float32)
    return weights
