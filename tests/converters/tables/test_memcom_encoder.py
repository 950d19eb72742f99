"""MEmCom tables fitted to trained ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.errors import ConverterError
from converters.tables.float16_rows import Float16Rows
from converters.tables.memcom import Memcom
from converters.tables.memcom_encoder import memcom
from converters.tables.metric import damped, second_moment


def drawn(seed: int, rows: int, columns: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    mixed = random.standard_normal((50, columns)) @ random.standard_normal((columns, columns))
    return (
        random.standard_normal((rows, columns)).astype(np.float32),
        second_moment(mixed),
        random.uniform(0.1, 5, rows),
    )


def cost(table: np.ndarray, decoded: np.ndarray, moment: np.ndarray, weights: np.ndarray) -> float:
    error = (table - decoded).astype(np.float64)
    return float((weights * ((error @ damped(moment, table.shape[1])) * error).sum(axis=1)).sum())


@pytest.mark.parametrize("bias", [False, True])
def test_a_table_of_this_kind_is_found_again(bias: bool) -> None:
    random = np.random.default_rng(1)
    own, shift = random.uniform(0.5, 2, 40), random.uniform(-1, 1, 40) if bias else None
    half = [None if each is None else each.astype(np.float16) for each in (own, shift)]
    table = Memcom(Float16Rows(random.normal(size=(5, 6)).astype(np.float16)), *half).decode()
    made = memcom(table, 5, bias=bias, rounds=60)
    assert (made.biases is not None) == bias
    np.testing.assert_allclose(made.decode(), table, atol=0.02)


def test_without_weights_a_group_is_its_best_matrix_of_rank_one() -> None:
    table, _, _ = drawn(2, 24)
    made = memcom(table, 3, rounds=300).decode()
    for group in range(3):
        left, values, right = np.linalg.svd(table[group::3], full_matrices=False)
        np.testing.assert_allclose(made[group::3], values[0] * np.outer(left[:, 0], right[0]), atol=0.02)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999), st.integers(1, 30), st.booleans())
def test_more_rounds_never_err_more(seed: int, shared: int, bias: bool) -> None:
    table, moment, weights = drawn(seed, 30)
    costs = [
        cost(
            table,
            memcom(table, shared, bias=bias, moment=moment, weights=weights, rounds=rounds).decode(),
            moment,
            weights,
        )
        for rounds in (0, 2, 8)
    ]
    assert costs[1] <= costs[0] * 1.001 + 1e-3
    assert costs[2] <= costs[1] * 1.001 + 1e-3


def test_weights_and_metric_say_what_must_be_near() -> None:
    table, moment, weights = drawn(3, 60)
    plain = memcom(table, 6).decode()
    own = memcom(table, 6, moment=moment, weights=weights).decode()
    assert cost(table, own, moment, weights) < 0.9 * cost(table, plain, moment, weights)


def test_rows_of_zeros_and_of_one_number_are_stored() -> None:
    table = np.zeros((6, 4), np.float32)
    table[1::2] = [[2], [4], [6]]
    np.testing.assert_allclose(memcom(table, 2, bias=True).decode(), table, atol=1e-3)
    np.testing.assert_allclose(memcom(table, 2).decode(), table, atol=1e-2)


@pytest.mark.parametrize("shared", [0, 4])
def test_more_shared_rows_than_rows_are_refused(shared: int) -> None:
    with pytest.raises(ConverterError, match=f"3 rows cannot share {shared}: give a number from 1 to 3"):
        memcom(np.ones((3, 2), np.float32), shared)
