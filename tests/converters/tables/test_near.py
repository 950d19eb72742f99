"""Metrics of rows from the vectors that they are near."""

import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.metric import second_moment
from converters.tables.near import Near, near

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.standard_normal((30, 4)).astype(np.float32)
LISTS = np.stack([RANDOM.permutation(9)[:3] for _ in range(30)]).astype(np.int32)


def metrics(found: Near, *, start: int = 0, end: int | None = None) -> np.ndarray:
    return np.concatenate([each for _, each in found.metrics(start, end)])


def test_a_metric_is_that_of_the_vectors_that_list_a_row_and_a_share_of_everyone() -> None:
    lists = np.where(LISTS == 8, -1, LISTS)
    found = metrics(near(VECTORS, lists, 9, background=5))
    for row in range(9):
        taken = VECTORS[(lists == row).any(axis=1)].astype(np.float64)
        np.testing.assert_allclose(found[row], taken.T @ taken + 5 * second_moment(VECTORS), atol=1e-6)
    np.testing.assert_allclose(found[8], 5 * second_moment(VECTORS))


def test_rows_are_measured_by_themselves_however_many_there_are() -> None:
    many = near(VECTORS, 100 * LISTS, 1100, background=1)
    whole = metrics(many)
    assert len(whole) == many.rows == 1100
    np.testing.assert_array_equal(metrics(many, start=400, end=1000), whole[400:1000])


def test_rows_near_many_are_to_be_finer_and_one_near_nobody_is_as_coarse_as_it_is_asked() -> None:
    vectors = np.tile(np.eye(4, dtype=np.float32), (25, 1))
    lists = np.repeat([[0], [1], [2]], [60, 36, 4], axis=0)
    found = near(vectors, lists, 4, background=20).finer()
    assert found[3] == pytest.approx(1)
    # The background is 20 times a quarter of each axis; the first 60 vectors are 15 of each axis.
    assert found[0] == pytest.approx(np.sqrt((15 + 5) / 5))
    assert found[0] > found[1] > found[2] > 1


@pytest.mark.parametrize(
    ("lists", "background", "says"),
    [(LISTS, 0, "background of 0"), (LISTS[1:], 1, r"lists \[29, 3\] up to"), (LISTS + 1, 1, "up to 9, expected")],
)
def test_what_does_not_fit_is_refused(lists: np.ndarray, background: float, says: str) -> None:
    with pytest.raises(ConverterError, match=says):
        near(VECTORS, lists, 9, background=background)
