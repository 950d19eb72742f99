"""Roundings that let a gradient pass."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgerec.compress.straight_through import finest_step, half, rounded


@pytest.mark.parametrize("traced", [False, True])
def test_values_are_rounded_and_gradients_are_not(keras: Any, traced: bool) -> None:
    from edgerec.models.session import session

    tf = session().tf
    values = tf.Variable([0.3, -1.7, 70.001])

    def both() -> Any:
        with tf.GradientTape() as tape:
            made = tf.stack([rounded(values, 0.5), half(values)])
            loss = tf.reduce_sum(made * [[1.0], [10.0]])
        return made, tape.gradient(loss, values)

    made, gradient = (tf.function(both, autograph=False) if traced else both)()
    np.testing.assert_array_equal(made[0], [0.5, -1.5, 70])
    np.testing.assert_array_equal(made[1], np.array([0.3, -1.7, 70.001], np.float16))
    np.testing.assert_array_equal(gradient, [11, 11, 11])


@given(arrays(np.float16, (7,), elements=st.floats(-100, 100, width=16)))
def test_all_values_are_multiples_of_the_finest_step_and_not_of_its_double(values: np.ndarray) -> None:
    step = finest_step(values)
    places = values.astype(np.float64) / step
    np.testing.assert_array_equal(places, np.round(places))
    assert not values.any() or (places % 2).any()


def test_zeros_alone_are_multiples_of_one() -> None:
    assert finest_step(np.zeros(3, np.float16)) == 1
