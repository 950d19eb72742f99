import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.errors import ConverterError
from converters.tables.metric import damped, second_moment
from converters.tables.rounding import clipped_scales, fed_back, graded_scales, minmax_scales, rounded


def drawn(seed: int = 0, rows: int = 40, columns: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


def correlated(columns: int = 16) -> np.ndarray:
    generator = np.random.default_rng(9)
    return second_moment(generator.standard_normal((200, columns)) @ generator.standard_normal((columns, columns)))


def cost(table: np.ndarray, decoded: np.ndarray, moment: np.ndarray) -> np.ndarray:
    error = (table - decoded).astype(np.float64)
    return ((error @ damped(moment, table.shape[1])) * error).sum(axis=1)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.sampled_from([8, 4, 2]))
def test_no_number_is_more_than_half_a_step_off(seed: int, bits: int) -> None:
    table = drawn(seed)
    scales = minmax_scales(table, bits)
    error = np.abs(table - rounded(table, scales, bits).decode())
    assert (error <= 0.502 * scales.astype(np.float32)[:, None]).all()


def test_two_bits_take_the_nearest_of_four_symmetric_levels() -> None:
    table = np.array([[-9, -1.4, -0.9, -0.1, 0.1, 0.9, 1.1, 9]], np.float32)
    rows = rounded(table, np.ones(1, np.float16), 2)
    assert rows.decode().tolist() == [[-1.5, -1.5, -0.5, -0.5, 0.5, 0.5, 1.5, 1.5]]


def test_a_row_of_zeros_is_stored_as_zeros() -> None:
    table = np.zeros((2, 4), np.float32)
    assert not rounded(table, minmax_scales(table, 4), 4).decode().any()
    assert not rounded(table, graded_scales(table, 4, step=0.1), 4).decode().any()


@pytest.mark.parametrize("bits", [4, 2])
def test_clipped_scales_never_err_more_and_mostly_less(bits: int) -> None:
    table, identity = drawn(), np.eye(16)
    plain = cost(table, rounded(table, minmax_scales(table, bits), bits).decode(), identity)
    clipped = cost(table, rounded(table, clipped_scales(table, bits), bits).decode(), identity)
    assert (clipped <= plain + 1e-6).all()
    assert clipped.sum() < 0.95 * plain.sum()


def test_clipping_in_a_metric_is_best_in_that_metric() -> None:
    table, moment = drawn(), correlated()
    plain, own = (
        cost(table, rounded(table, scales, 2).decode(), moment)
        for scales in (clipped_scales(table, 2), clipped_scales(table, 2, moment=moment))
    )
    assert (own <= plain + 1e-4).all()
    assert own.sum() < plain.sum()


@pytest.mark.parametrize(("exponent", "ratio"), [(0, 1), (0.5, 4), (1, 16)])
def test_graded_scales_grow_as_a_power_of_the_length(exponent: float, ratio: float) -> None:
    table = np.concatenate([drawn(1, 1), 16 * drawn(1, 1)])
    scales = graded_scales(table, 8, step=0.1, exponent=exponent).astype(np.float64)
    assert scales[1] / scales[0] == ratio


def test_graded_scales_are_as_many_times_finer_as_they_are_told() -> None:
    table = drawn()
    plain = graded_scales(table, 8, step=0.2).astype(np.float64)
    finer = graded_scales(table, 8, step=0.2, finer=np.repeat([1.0, 2.0], 20)).astype(np.float64)
    np.testing.assert_array_equal(plain / finer, np.repeat([1.0, 2.0], 20))


def test_graded_scales_keep_to_quarter_octaves_and_hold_the_largest_number() -> None:
    table = drawn()
    coarse = graded_scales(table, 8, step=0.1)
    octaves = 4 * np.log2(coarse.astype(np.float64))
    np.testing.assert_allclose(octaves, np.round(octaves), atol=0.01)
    fine = graded_scales(table, 4, step=1e-4)
    error = np.abs(table - rounded(table, fine, 4).decode())
    assert (error <= 0.51 * fine.astype(np.float32)[:, None]).all()


def test_a_step_has_to_be_positive() -> None:
    with pytest.raises(ConverterError, match="above 0, not 0"):
        graded_scales(drawn(), 4, step=0)


@pytest.mark.parametrize("bits", [4, 2])
def test_feedback_makes_the_scores_err_less(bits: int) -> None:
    table, moment = drawn(), correlated()
    scales = clipped_scales(table, bits)
    plain = cost(table, rounded(table, scales, bits).decode(), moment).sum()
    assert cost(table, fed_back(table, scales, bits, moment).decode(), moment).sum() < 0.7 * plain


def test_feedback_without_correlation_is_rounding() -> None:
    table = drawn()
    scales = minmax_scales(table, 4)
    np.testing.assert_array_equal(fed_back(table, scales, 4, np.eye(16)).values, rounded(table, scales, 4).values)


def test_feedback_is_what_solving_for_the_free_columns_gives() -> None:
    table, moment = drawn(3, 5, 4), correlated(4)
    scales = minmax_scales(table, 4)
    metric, wide = damped(moment, 4), scales.astype(np.float64)
    order = list(np.argsort(-np.diag(metric), kind="stable"))
    for row, scale, values in zip(
        table.astype(np.float64), wide, fed_back(table, scales, 4, moment).values, strict=True
    ):
        left = row.copy()
        for place, column in enumerate(order):
            assert values[column] == np.clip(np.round(left[column] / scale), -7, 7)
            done, free = order[: place + 1], order[place + 1 :]
            error = row[done] - values[done] * scale
            if free:
                left[free] = row[free] + np.linalg.solve(metric[np.ix_(free, free)], metric[np.ix_(free, done)] @ error)
