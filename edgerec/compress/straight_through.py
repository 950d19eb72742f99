"""Roundings that a gradient passes as if they were not there (Bengio, Leonard, Courville 2013, arXiv 1308.3432)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgerec.models.session import session

_HALF_BITS = 11  # of a float16's mantissa, the hidden one included


def rounded(values: Any, step: float = 1.0) -> Any:
    """The nearest multiples of `step`, a power of two."""
    return _through(values, lambda given: session().tf.round(given / step) * step)


def half(values: Any) -> Any:
    """The nearest float16 numbers, as float32."""
    tf = session().tf
    return _through(values, lambda given: tf.cast(tf.cast(given, tf.float16), tf.float32))


def finest_step(values: NDArray[np.float16]) -> float:
    """The largest power of two of which all values are multiples; 1 for zeros alone."""
    mantissa, exponent = np.frexp(values[values != 0].astype(np.float64))
    if not len(mantissa):
        return 1.0
    whole = np.abs(mantissa * 2**_HALF_BITS).astype(np.int64)
    return float(2.0 ** (exponent - _HALF_BITS + np.log2(whole & -whole)).min())


def _through(values: Any, rounding: Callable[[Any], Any]) -> Any:
    """What a rounding makes of the values, with their gradient; exact, where values + (result - values) is not."""

    @session().tf.custom_gradient  # type: ignore[untyped-decorator]
    def replaced(given: Any) -> tuple[Any, Any]:
        return rounding(given), lambda upstream: upstream

    return replaced(values)
