"""Groups of columns whose errors are made good in each row's own metric."""

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.columns import Columns
from converters.tables.feedback import Groups, fed_back_groups
from converters.tables.metric import second_moment
from converters.tables.near import Near, near
from converters.tables.rounding import fed_back, graded_scales, rounded

ROWS, COLUMNS = 600, 8
RANDOM = np.random.default_rng(0)
TABLE = RANDOM.standard_normal((ROWS, COLUMNS)).astype(np.float32)
# The first columns vary most, so that the order of one metric for all is that of the columns.
VECTORS = (RANDOM.standard_normal((300, COLUMNS)) @ RANDOM.standard_normal((COLUMNS, COLUMNS)) / 9).astype(np.float32)
VECTORS += RANDOM.standard_normal((300, COLUMNS)).astype(np.float32) * np.linspace(9, 3, COLUMNS, dtype=np.float32)
LISTS = RANDOM.integers(0, ROWS, (300, 6))
ALONE = np.full((300, 6), -1)
SCALES = graded_scales(TABLE, 8, step=0.2)


def cost(parts: tuple, of: Near) -> np.ndarray:
    error = (TABLE - Columns(parts, COLUMNS).decode()).astype(np.float64)
    metrics = np.concatenate([each for _, each in of.metrics()])
    return np.einsum("ri,rij,rj->r", error, metrics, error)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_one_metric_for_all_rows_gives_the_levels_of_feedback_in_that(bits: int) -> None:
    found = fed_back_groups(TABLE, SCALES, [(COLUMNS, bits)], near(VECTORS, ALONE, ROWS, background=1))
    expected = fed_back(TABLE, SCALES, bits, second_moment(VECTORS))
    assert np.mean(found[0].values == expected.values) > 0.99


@pytest.mark.parametrize("groups", [[(8, 8)], [(4, 4), (4, 2)], [(4, 8)], [(2, 8), (4, 4)]], ids=str)
def test_errors_cost_less_in_the_metric_of_each_row(groups: Groups) -> None:
    of = near(VECTORS, LISTS, ROWS, background=0.1)
    own = fed_back_groups(TABLE, SCALES, groups, of)
    common = fed_back_groups(TABLE, SCALES, groups, near(VECTORS, ALONE, ROWS, background=1))
    ends = np.cumsum([width for width, _ in groups])
    plain = tuple(
        rounded(np.ascontiguousarray(TABLE[:, end - width : end]), SCALES, bits)
        for (width, bits), end in zip(groups, ends, strict=True)
    )
    assert [(part.columns, part.bits) for part in own] == list(groups)
    assert cost(own, of).sum() < 0.8 * min(cost(common, of).sum(), cost(plain, of).sum())


def test_rows_in_the_middle_of_a_table_are_measured_by_their_own_metrics() -> None:
    of = near(VECTORS, LISTS, ROWS, background=0.1)
    whole, part = fed_back_groups(TABLE, SCALES, [(8, 4)], of)[0], slice(100, 590)
    found = fed_back_groups(TABLE[part], SCALES[part], [(8, 4)], of, start=100)[0]
    assert np.array_equal(found.values, whole.values[part])
    assert np.array_equal(found.scales, whole.scales[part])


def test_what_does_not_fit_is_refused() -> None:
    of = near(VECTORS, LISTS, ROWS, background=1)
    with pytest.raises(ConverterError, match=r"groups of \[8, 4\] columns, expected 8 columns at the most"):
        fed_back_groups(TABLE, SCALES, [(8, 8), (4, 4)], of)
    with pytest.raises(ConverterError, match="got 600 metrics, expected those of rows 1 to 601"):
        fed_back_groups(TABLE, SCALES, [(8, 8)], of, start=1)
