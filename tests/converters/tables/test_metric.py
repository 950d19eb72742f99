import numpy as np
import pytest

from converters.errors import ConverterError
from converters.tables.metric import damped, second_moment, whitened


def test_squared_error_of_whitened_rows_is_the_mean_one_of_the_scores() -> None:
    generator = np.random.default_rng(0)
    users = generator.standard_normal((50, 4)) * [1, 2, 3, 4]
    table = generator.standard_normal((6, 4)).astype(np.float32)
    moment = second_moment(users)
    flat, back = whitened(table, moment)
    scores = ((table @ users.T) ** 2).mean(axis=1)
    np.testing.assert_allclose((flat**2).sum(axis=1) * np.trace(moment) / 4, scores, rtol=1e-3)
    np.testing.assert_allclose(flat @ back, table, rtol=1e-4, atol=1e-5)


def test_without_a_moment_nothing_changes() -> None:
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    flat, back = whitened(table, None)
    np.testing.assert_array_equal(flat, table)
    np.testing.assert_array_equal(back, np.eye(3))


def test_a_moment_of_too_few_vectors_has_an_inverse() -> None:
    assert np.isfinite(np.linalg.inv(damped(second_moment(np.ones((1, 5))), 5))).all()


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (np.eye(3), r"shape \[3, 3\], expected \[2, 2\]"),
        (np.zeros((2, 2)), "zero"),
        (np.full((2, 2), np.nan), "finite"),
    ],
)
def test_moments_that_do_not_fit_are_refused(moment: np.ndarray, said: str) -> None:
    with pytest.raises(ConverterError, match=said):
        damped(moment, 2)


def test_the_second_moment_is_a_mean() -> None:
    assert np.array_equal(second_moment(np.array([[1, 2], [3, 0]], np.float32)), [[5, 1], [1, 2]])
