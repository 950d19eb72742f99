"""Groups of columns rounded one column after the other, each row's errors made good in a metric of its own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from converters.tables.coded import Floats, refuse_unless
from converters.tables.integer_rows import IntegerRows
from converters.tables.near import Near
from converters.tables.rounding import HALF_SHIFTED_BITS, Scales, nearest

Groups = Sequence[tuple[int, int]]
"""(columns, bits) of each group, one beside the other; columns behind them are in none."""


def fed_back_groups(
    table: Floats, scales: Scales, groups: Groups, near: Near, *, start: int = 0
) -> tuple[IntegerRows, ...]:
    """Return the groups of columns of `table` [rows, columns] as integers, under one scale a row.

    Row r is measured by the metric of row `start` + r of `near`. Columns in no group are 0 and go first, what that
    errs is made good by all others. Rows are treated as the weights of a layer are in E. Frantar, S. Ashkboos,
    T. Hoefler, D. Alistarh, GPTQ, ICLR 2023, arXiv 2210.17323, whose metric is one for all of them. Raises
    ConverterError for groups wider than the table, or a row without a metric.
    """
    columns = table.shape[1]
    widths = [width for width, _ in groups]
    kept = sum(widths)
    fits = kept <= columns
    refuse_unless(holds=fits, got=f"groups of {widths} columns", expected=f"{columns} columns at the most")
    end = start + len(table)
    expected = f"those of rows {start} to {end}"
    refuse_unless(holds=end <= near.rows, got=f"{near.rows} metrics", expected=expected)
    bits = [0] * (columns - kept) + [size for width, size in groups for _ in range(width)]
    order = np.roll(np.arange(columns), columns - kept)
    values = np.zeros((len(table), columns), np.int8)
    for rows, metrics in near.metrics(start, end):
        here = slice(rows.start - start, rows.stop - start)
        ordered = metrics[:, order][:, :, order]
        values[here] = _levels(table[here][:, order], scales[here].astype(np.float32), bits, ordered)
    stored = values[:, columns - kept :]
    ends = np.cumsum(widths)
    return tuple(
        IntegerRows(np.ascontiguousarray(stored[:, last - width : last]), scales, size)
        for (width, size), last in zip(groups, ends, strict=True)
    )


def _levels(table: Floats, scales: Floats, bits: Sequence[int], metrics: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the levels of a table [rows, columns], column by column, 0 where there are no bits.

    With a metric H = U U', U upper triangular, an error e costs |U'e|^2: of column j the part that is left to choose
    is e_j plus what the errors before it add, over u_jj.
    """
    upper = np.linalg.cholesky(metrics[:, ::-1, ::-1])[:, ::-1, ::-1]
    levels = np.zeros(table.shape, np.int8)
    errors = np.zeros(table.shape)
    for column, size in enumerate(bits):
        added = (upper[:, :column, column] * errors[:, :column]).sum(axis=1) / upper[:, column, column]
        if size:
            levels[:, column] = nearest(((table[:, column] + added) / scales).astype(np.float32), size)
            taken = (levels[:, column] + (0.5 if size == HALF_SHIFTED_BITS else 0)) * scales
            errors[:, column] = table[:, column] - taken
        else:
            errors[:, column] = table[:, column]
    return levels
