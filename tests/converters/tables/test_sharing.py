import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.errors import ConverterError
from converters.tables.float16_rows import Float16Rows
from converters.tables.metric import second_moment
from converters.tables.shared_rows import SharedRows
from converters.tables.sharing import clustered, hashed


def test_rows_that_are_alike_share_one() -> None:
    table = np.array([[1, 1], [8, 8], [1.2, 1], [8, 8.2], [1.1, 1]], np.float32)
    index, rows = clustered(table, 2, seed=0)
    shared = SharedRows(index, Float16Rows(rows.astype(np.float16)))
    np.testing.assert_allclose(shared.decode(), [[1.1, 1], [8, 8.1], [1.1, 1], [8, 8.1], [1.1, 1]], atol=0.01)


def test_rows_are_alike_when_they_score_alike() -> None:
    users = np.array([[10, 0], [0, 0.1]])
    table = np.array([[0, 5], [0, -5], [1, 5], [1, -5]], np.float32)
    index, rows = clustered(table, 2, seed=0, moment=second_moment(users))
    assert index[0] == index[1] != index[2] == index[3]
    np.testing.assert_allclose(rows[index], [[0, 0], [0, 0], [1, 0], [1, 0]], atol=1e-3)


@given(st.integers(1, 400), st.integers(1, 400))
def test_hashing_spreads_rows_evenly(rows: int, shared: int) -> None:
    shared = min(shared, rows)
    table = np.ones((rows, 1), np.float32)
    index, means = hashed(table, shared)
    counts = np.bincount(index, minlength=shared)
    assert counts.max() <= 2 + 2 * rows / shared
    np.testing.assert_array_equal(means[:, 0], counts > 0)


def test_hashed_rows_are_weighted_means() -> None:
    table = np.arange(6, dtype=np.float32)[:, None]
    weights = np.array([1, 2, 3, 4, 5, 6.0])
    index, rows = hashed(table, 2, weights=weights)
    for name in range(2):
        used = index == name
        assert rows[name, 0] == pytest.approx(np.average(table[used, 0], weights=weights[used]))


@pytest.mark.parametrize(("shared", "dtype"), [(256, np.uint8), (257, np.uint16), (65537, np.int32)])
def test_an_index_is_as_narrow_as_can_be(shared: int, dtype: type) -> None:
    assert hashed(np.ones((70000, 1), np.float32), shared)[0].dtype == dtype


@pytest.mark.parametrize("shared", [0, 4])
def test_more_shared_rows_than_rows_are_refused(shared: int) -> None:
    for share in (
        lambda: hashed(np.ones((3, 1), np.float32), shared),
        lambda: clustered(np.ones((3, 1)), shared, seed=0),
    ):
        with pytest.raises(ConverterError, match=f"3 rows cannot share {shared}"):
            share()
