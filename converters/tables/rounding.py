"""Tables rounded to integers with a scale a row: the scales, and how the values are chosen under them."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converters.errors import ConverterError
from converters.tables.coded import Floats
from converters.tables.integer_rows import IntegerRows
from converters.tables.metric import damped

Scales: TypeAlias = NDArray[np.float16]

_CLIPS = np.linspace(1.0, 0.3, 29, dtype=np.float32)
HALF_SHIFTED_BITS = 2
_STEPS_AN_OCTAVE = 4
_SMALLEST = np.float16(2.0**-14)


def minmax_scales(table: Floats, bits: int) -> Scales:
    """Return for each row of `table` the scale that its largest magnitude just fits, float16 [rows].

    A row of zeros gets the smallest normal float16, as a scale is never 0.
    """
    return _stored(np.abs(table).max(axis=1) / _largest(bits))


def clipped_scales(table: Floats, bits: int, *, moment: NDArray[Any] | None = None) -> Scales:
    """Return the scales, 0.3 to 1 times those of `minmax_scales`, under which rounding to nearest errs least.

    The error is squared, in the metric of `moment` [columns, columns] when it is given.
    """
    metric = None if moment is None else damped(moment, table.shape[1]).astype(np.float32)
    whole = minmax_scales(table, bits).astype(np.float32)
    best, least = whole.astype(np.float16), np.full(len(table), np.inf, np.float32)
    for clip in _CLIPS:
        scales = _stored(whole * clip)
        error = table - rounded(table, scales, bits).decode()
        cost = (error * (error if metric is None else error @ metric)).sum(axis=1)
        better = cost < least
        best[better], least[better] = scales[better], cost[better]
    return best


def graded_scales(
    table: Floats,
    bits: int,
    *,
    step: float,
    exponent: float = 0.5,
    among: Floats | None = None,
    finer: NDArray[np.float64] | None = None,
) -> Scales:
    """Return scales that grow as the length of a row to the power `exponent`, and are `step` for the mean length.

    The mean is geometric, and `step` counts in such lengths: 0.15 rounds 64 columns to about 2 bits of entropy each,
    with `exponent` 0 the step is one for all rows, with 1 each row has the same relative error. Scales keep to quarter
    octaves, so that they compress; a row that would not fit `bits` gets the next that does. The mean is that of
    `among` [n, columns], of the table itself when None. `finer` [rows] are what the scales are divided by.
    """
    if not step > 0:
        raise ConverterError(f"scales take a step above 0, not {step}: try 0.1")
    lengths, others = _lengths(table), _lengths(table if among is None else among)
    shortest = 1e-3 * max(float(np.median(others)), 1e-12)
    logs, mean = np.log2(np.maximum(lengths, shortest)), np.log2(np.maximum(others, shortest)).mean()
    wanted = np.log2(step) + exponent * logs + (1 - exponent) * mean - (0 if finer is None else np.log2(finer))
    fitting = np.log2(np.maximum(np.abs(table).max(axis=1) / (_largest(bits) + 0.5), float(_SMALLEST)))
    octaves = np.maximum(np.round(wanted * _STEPS_AN_OCTAVE), np.ceil(fitting * _STEPS_AN_OCTAVE)) / _STEPS_AN_OCTAVE
    return _stored(2.0**octaves)


def _lengths(table: Floats) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.sqrt((table.astype(np.float64) ** 2).sum(axis=1))
    return lengths


def rounded(table: Floats, scales: Scales, bits: int) -> IntegerRows:
    """Return every number of `table` [rows, columns] at the nearest level that its row's scale allows."""
    return IntegerRows(nearest(table / scales.astype(np.float32)[:, None], bits), scales, bits)


def fed_back(table: Floats, scales: Scales, bits: int, moment: NDArray[Any]) -> IntegerRows:
    """Return levels chosen column by column, each column's error made good by the columns that are still free.

    What is made small is e'He a row, H = `moment` [columns, columns], that of the vectors that multiply the table. A
    number that is exactly 0, as pruning leaves it, stays so where the levels have a 0. Source: E. Frantar, S. Ashkboos,
    T. Hoefler, D. Alistarh, GPTQ, ICLR 2023, arXiv 2210.17323; the columns that weigh most go first. Raises
    ConverterError for a moment that does not fit.
    """
    metric = damped(moment, table.shape[1])
    order = np.argsort(-np.diag(metric), kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(metric[np.ix_(order, order)])).T.astype(np.float32)
    wide = scales.astype(np.float32)
    shift = np.float32(0.5 if bits == HALF_SHIFTED_BITS else 0)
    left = np.ascontiguousarray(table[:, order].T.astype(np.float32))
    values = np.empty(table.shape, np.int8)
    for place, column in enumerate(order):
        level = nearest(left[place] / wide, bits)
        if bits != HALF_SHIFTED_BITS:
            level[table[:, column] == 0] = 0
        values[:, column] = level
        error = (left[place] - (level + shift) * wide) / upper[place, place]
        left[place + 1 :] -= upper[place, place + 1 :, None] * error
    return IntegerRows(values, scales, bits)


def nearest(scaled: Floats, bits: int) -> NDArray[np.int8]:
    """Return the nearest integers that `bits` hold, symmetric around 0; with 2 bits those below the nearest half."""
    if bits == HALF_SHIFTED_BITS:
        return np.clip(np.floor(scaled), -2, 1).astype(np.int8)
    most = _largest(bits)
    return np.clip(np.round(scaled), -most, most).astype(np.int8)


def _largest(bits: int) -> float:
    return 1.5 if bits == HALF_SHIFTED_BITS else 2.0 ** (bits - 1) - 1


def _stored(scales: NDArray[Any]) -> Scales:
    return np.maximum(scales.astype(np.float16), _SMALLEST)
