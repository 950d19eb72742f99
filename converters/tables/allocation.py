"""Which rows get how much room: one way of storing for each row, or so many of the first rows, under a byte budget."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError

_BISECTIONS = 60


def allocated(errors: NDArray[Any], row_bytes: NDArray[Any], budget: float) -> NDArray[np.int64]:
    """Return the way of storing each row, int64 [rows], of small total error, their bytes at most `budget`.

    `errors` [rows, ways] are what each way costs each row, `row_bytes` [ways] what it takes. Every row minimizes its
    error + price x bytes under one price, the lowest that keeps to the budget (Y. Shoham, A. Gersho, Efficient Bit
    Allocation, TASSP 1988): no other choice has less error at the bytes that come out. Raises ConverterError when not
    even the smallest way fits.
    """
    sizes = np.asarray(row_bytes, np.float64)
    if errors.ndim != 2 or errors.shape[1] != len(sizes):  # noqa: PLR2004 - rows and ways
        raise ConverterError(f"errors {list(errors.shape)} do not go with {len(sizes)} ways: give [rows, {len(sizes)}]")
    least = float(sizes.min()) * len(errors)
    if least > budget:
        raise ConverterError(f"{len(errors)} rows take {least:.0f} bytes at the least: give more than {budget:.0f}")

    def chosen(price: float) -> NDArray[np.int64]:
        # Of ways that cost the same the smaller one is taken, so that no price leaves the budget for nothing.
        by_size = np.argsort(sizes, kind="stable")
        best: NDArray[np.int64] = by_size[(errors[:, by_size] + price * sizes[by_size]).argmin(axis=1)]
        return best

    low, high = 0.0, 1.0
    if sizes[chosen(low)].sum() <= budget:
        return chosen(low)
    while sizes[chosen(high)].sum() > budget:
        low, high = high, high * 4
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if sizes[chosen(middle)].sum() <= budget else (middle, high)
    return chosen(high)


def rows_at_most(rows: int, row_bytes: float, rest_bytes: float, budget: float, *, fixed: float = 0.0) -> int:
    """Return how many of the first `rows` rows may take `row_bytes` each when all others take `rest_bytes`.

    `fixed` bytes are spent however many there are, on codebooks say. Raises ConverterError when not even none fits.
    """
    left = budget - fixed - rows * rest_bytes
    if left < 0:
        raise ConverterError(
            f"{rows} rows of {rest_bytes:g} bytes and {fixed:g} more exceed {budget:g} bytes: give a larger budget"
        )
    dearer = row_bytes - rest_bytes
    return rows if dearer <= 0 else min(rows, int(left // dearer))
