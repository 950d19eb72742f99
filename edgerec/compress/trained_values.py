"""Tables of numbers and of codes as TensorFlow variables: what of each is continuous is trained, the rest is held."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Coded
from converters.tables.float16_rows import Float16Rows
from converters.tables.integer_rows import IntegerRows
from converters.tables.native_rows import BlockRows, NativeRows
from converters.tables.product_codes import AdditiveCodes, ProductCodes
from edgerec.compress.straight_through import finest_step, half, rounded
from edgerec.models.session import session

Codes: TypeAlias = NDArray[np.int32]
IntegerTable: TypeAlias = IntegerRows | NativeRows | BlockRows
CodeTable: TypeAlias = ProductCodes | AdditiveCodes

_BEYOND = 0.49  # how far past the last level a number may go and still be moved by its gradient
_TWO_BITS, _FOUR_BITS = 2, 4
_LEAST_UNIT = 2.0**-10
_ROWS_AT_ONCE = 4096


class TrainedHalves:
    """Float16 rows, or any float16 array: the numbers in float32, rounded where they are used."""

    def __init__(self, coded: Float16Rows) -> None:
        """Take the numbers as they are."""
        self._values = Numbers(coded.values)
        self.trained, self.codes = [self._values.variable], list[TrainedCodes]()

    def table(self) -> Any:
        """The numbers that `coded` stores, float32 [rows, columns]."""
        return half(self._values.numbers())

    def coded(self) -> Coded:
        """The table as it ships."""
        return Float16Rows(self.table().numpy().astype(np.float16))


class TrainedIntegers:
    """Rows of integers: numbers in float32 that are rounded under their scales, and perhaps the scales by a factor."""

    def __init__(self, coded: IntegerTable, *, scales: bool) -> None:
        """Take the numbers that the integers stand for; with `scales` one factor a scale is trained too."""
        self._coded, self._bits = coded, getattr(coded, "bits", 4)
        shifted = isinstance(coded, IntegerRows) and self._bits == _TWO_BITS
        self._shift = 0.5 if shifted else 0.0
        # Portable rows of 4 bits do without -8, which one old kernel takes for garbage.
        self._lowest = -(2 ** (self._bits - 1)) + (isinstance(coded, IntegerRows) and self._bits == _FOUR_BITS)
        self._scales = Scales(coded.scales, trained=scales)
        self._numbers = Numbers(coded.decode())
        self.trained, self.codes = [self._numbers.variable, *self._scales.trained], list[TrainedCodes]()

    def table(self) -> Any:
        """What `coded` decodes to, float32 [rows, columns]."""
        scales = self._by_column()
        return (self._levels(scales) + self._shift) * scales

    def coded(self) -> Coded:
        """The table as it ships."""
        values = self._levels(self._by_column()).numpy().astype(np.int8)
        scales = self._scales.numbers().numpy().astype(self._coded.scales.dtype)
        if isinstance(self._coded, BlockRows):
            return BlockRows(values, scales)
        return type(self._coded)(values, scales, self._bits)

    def _by_column(self) -> Any:
        tf, scales = session().tf, self._scales.numbers()
        if isinstance(self._coded, BlockRows):
            return tf.repeat(scales, self._coded.columns // self._coded.scales.shape[1], axis=1)
        return scales[:, None]

    def _levels(self, scales: Any) -> Any:
        low, high = self._lowest, 2 ** (self._bits - 1) - 1
        wanted = self._numbers.numbers() / scales - self._shift
        return rounded(session().tf.clip_by_value(wanted, low - _BEYOND, high + _BEYOND))


class TrainedCodes:
    """Product or additive codes: codebooks on the grid that they came on, and scales; codes move when they are told.

    What each row wishes to be follows the gradient too and changes nothing by itself: by it codes are looked for anew.
    """

    def __init__(self, coded: CodeTable, *, scales: bool) -> None:
        """Take the codes and codebooks as they are; with `scales` a factor of each scale is trained too."""
        tf = session().tf
        self._kind, self._step = type(coded), finest_step(coded.codebooks)
        self._books = Numbers(coded.codebooks)
        self._codes = tf.Variable(coded.codes.astype(np.int32), trainable=False)
        self._scales = None if coded.scales is None else Scales(coded.scales, trained=scales)
        self._wish = Numbers(coded.decode())
        self.trained = [self._books.variable, self._wish.variable, *(self._scales.trained if self._scales else ())]
        self.codes = [self]

    def table(self) -> Any:
        """What `coded` decodes to, float32 [rows, columns]."""
        picked = self._scaled(self._picked(self._books_stored(), self._codes))
        rows = session().tf.reduce_sum(picked, axis=1) if self._kind is AdditiveCodes else self._side_by_side(picked)
        wish = self._wish.numbers()
        return rows + (wish - session().tf.stop_gradient(wish))

    def coded(self) -> Coded:
        """The table as it ships."""
        books = self._books_stored().numpy().astype(np.float16)
        scales = None if self._scales is None else self._scales.numbers().numpy().astype(np.float16)
        return self._kind(self.given().astype(np.uint8), books, scales)

    def given(self) -> Codes:
        """The codes as they are, int32 [rows, m]."""
        codes: Codes = self._codes.numpy()
        return codes

    def assign(self, codes: Codes) -> None:
        """Take other codes [rows, m]."""
        self._codes.assign(codes)

    def wished(self) -> Codes:
        """For each row the codes with the one change, or none, that brings it nearest to what it wishes to be."""
        made = self.coded()
        assert isinstance(made, ProductCodes | AdditiveCodes)  # noqa: S101 - for the type checker: `coded` made it
        left = self._wish.numbers().numpy() - made.decode()
        codes = self.given()
        scales = np.ones(len(codes), np.float32) if made.scales is None else made.scales.astype(np.float32)
        for start in range(0, len(codes), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            codes[part] = _one_changed(made, codes[part], left[part], scales[part])
        return codes

    def _books_stored(self) -> Any:
        return half(rounded(self._books.numbers(), self._step))

    def _picked(self, books: Any, codes: Any) -> Any:
        tf = session().tf
        count, centroids, width = books.shape
        return tf.gather(tf.reshape(books, (count * centroids, width)), codes + tf.range(count) * centroids)

    def _scaled(self, picked: Any) -> Any:
        return picked if self._scales is None else picked * self._scales.numbers()[:, None, None]

    def _side_by_side(self, picked: Any) -> Any:
        return session().tf.reshape(picked, (picked.shape[0], -1))


class Scales:
    """Scales, each as it was given times a factor that is trained or 1, rounded to the type that they are stored in."""

    def __init__(self, scales: NDArray[Any], *, trained: bool) -> None:
        """Take scales of any shape, float16 or float32."""
        self._given, self._stored = session().tf.constant(scales.astype(np.float32)), scales.dtype
        self.trained = [session().tf.Variable(np.ones(scales.shape, np.float32))] if trained else []

    def numbers(self) -> Any:
        """The scales as they are stored, in float32."""
        if not self.trained:
            return self._given
        made = self._given * self.trained[0]
        return half(made) if self._stored == np.float16 else made


class Numbers:
    """Numbers that are trained, the rows of an array each in units of its own length, so that all learn alike.

    A step of the optimizer is of one size whatever the gradient; a row a tenth as long moves a tenth as far. Units are
    powers of two with a mean of about 1: nothing is rounded, and the learning rate keeps its meaning.
    """

    def __init__(self, values: NDArray[Any]) -> None:
        """Take values [n], which have one unit, or [..., columns]."""
        wide = values.astype(np.float32)
        self._unit = np.ones((), np.float32) if wide.ndim == 1 else _units(wide)
        self.variable = session().tf.Variable(wide / self._unit)

    def numbers(self) -> Any:
        """The numbers as they are now, float32, in the shape that they were given."""
        return self.variable * self._unit


def _units(values: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt((values.astype(np.float64) ** 2).mean(axis=-1, keepdims=True))
    mean = float(lengths.mean()) or 1.0
    units: NDArray[np.float32] = (2.0 ** np.round(np.log2(np.maximum(lengths / mean, _LEAST_UNIT)))).astype(np.float32)
    return units


def _one_changed(made: CodeTable, codes: Codes, left: NDArray[np.float32], scales: NDArray[np.float32]) -> Codes:
    """The codes of some rows with at most one of each row changed, so that least of `left` [rows, columns] is left."""
    rows, width = np.arange(len(codes)), made.codebooks.shape[2]
    best, least = codes.copy(), np.zeros(len(codes), np.float32)  # beside what is left now
    for place, stored in enumerate(made.codebooks.astype(np.float32)):
        columns = slice(None) if isinstance(made, AdditiveCodes) else slice(place * width, (place + 1) * width)
        # A centroid c in place of o leaves l - s(c - o) of l, whose square is that of (l + so) - sc.
        base = left[:, columns] + scales[:, None] * stored[codes[:, place]]
        change = scales[:, None] ** 2 * (stored**2).sum(axis=1) - 2 * scales[:, None] * (base @ stored.T)
        change -= change[rows, codes[:, place]][:, None]
        code = change.argmin(axis=1)
        better = change[rows, code] < least
        best[better], least[better] = codes[better], change[rows, code][better]
        best[better, place] = code[better]
    return best
