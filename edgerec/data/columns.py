"""Times and weights as they come, turned into arrays that hold no surprise."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgerec.data.errors import DataError

LATEST_SECONDS = 2**62


def seconds(values: Sequence[Any] | npt.NDArray[Any], column: str) -> npt.NDArray[np.int64]:
    """Return whole seconds since 1970 as int64, parts of a second dropped.

    Takes numbers, their text, and NumPy dates. Raises DataError for a missing, negative or unreadable time.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        _refuse(np.isnat(values), values, column, "is missing: fill it in or drop the row")
        values = values.astype("datetime64[s]").astype(np.int64)
    numbers = _numbers(values, column, "seconds since 1970 as a number")
    _refuse(numbers < 0, numbers, column, "is negative: expected seconds since 1970")
    _refuse(numbers >= LATEST_SECONDS, numbers, column, "is too large: expected seconds since 1970")
    return np.floor(numbers).astype(np.int64) if numbers.dtype.kind == "f" else numbers.astype(np.int64)


def weights(values: Sequence[Any] | npt.NDArray[Any], column: str) -> npt.NDArray[np.float32]:
    """Return float32 weights (ratings, counts); raises DataError for a missing or unreadable one."""
    return _numbers(values, column, "a number").astype(np.float32)


def _numbers(values: Sequence[Any] | npt.NDArray[Any], column: str, expected: str) -> npt.NDArray[Any]:
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        numbers = values
    else:
        listed = values.tolist() if isinstance(values, np.ndarray) else values
        try:
            numbers = np.fromiter(map(_whole, listed), np.int64, len(listed))
        except (ValueError, TypeError, OverflowError):
            numbers = _decimals(listed, column, expected)
    if numbers.dtype.kind == "f":
        _refuse(~np.isfinite(numbers), numbers, column, "is missing or endless: fill it in or drop the row")
    return numbers


def _whole(value: object) -> int:
    if isinstance(value, (str, int, np.integer)) and not isinstance(value, bool):
        return int(value)
    raise TypeError(value)


def _decimals(values: Sequence[Any], column: str, expected: str) -> npt.NDArray[np.float64]:
    number: Callable[[Any], float] = float
    numbers = np.empty(len(values), np.float64)
    for row, value in enumerate(values):
        try:
            numbers[row] = number(value)
        except (ValueError, TypeError, OverflowError):
            raise DataError(
                f"Column {column!r} holds {value!r} in row {row + 1}: expected {expected}; mend it or drop the row."
            ) from None
    return numbers


def _refuse(bad: npt.NDArray[np.bool_], values: npt.NDArray[Any], column: str, why: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"Column {column!r}: {values[row]} in row {row + 1} {why}.")
