from typing import Any

import numpy as np
import pytest

from edgerec.compress.structure_weights import makers, narrowed, sliced

MADE, TAKEN = np.array([0, 2]), np.array([1])


def test_a_table_loses_columns(keras: Any) -> None:
    layer = keras.layers.Embedding(4, 3)
    layer.build((None,))
    (table,) = layer.get_weights()
    assert np.array_equal(sliced(layer, MADE, None)[0], table[:, [0, 2]])
    assert np.array_equal(makers(layer), table)
    assert narrowed(layer, 2)["output_dim"] == 2


def test_a_dense_layer_loses_rows_columns_and_biases(keras: Any) -> None:
    layer = keras.layers.Dense(3, bias_initializer="normal")
    layer.build((None, 2))
    kernel, bias = layer.get_weights()
    found = sliced(layer, MADE, TAKEN)
    assert np.array_equal(found[0], kernel[[1]][:, [0, 2]])
    assert np.array_equal(found[1], bias[[0, 2]])
    assert narrowed(layer, 2)["units"] == 2


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_gru_loses_the_same_units_in_each_gate(keras: Any, reset_after: bool) -> None:
    layer = keras.layers.GRU(3, reset_after=reset_after, bias_initializer="normal")
    layer.build((None, 4, 2))
    kernel, recurrent, bias = layer.get_weights()
    gates = [0, 2, 3, 5, 6, 8]
    found = sliced(layer, MADE, TAKEN)
    assert np.array_equal(found[0], kernel[[1]][:, gates])
    assert np.array_equal(found[1], recurrent[[0, 2]][:, gates])
    assert np.array_equal(found[2], bias[..., gates])
    assert makers(layer).shape == (3 * (2 + 3), 3)


def test_a_layer_that_makes_no_columns_stays_as_it_is(keras: Any) -> None:
    layer = keras.layers.Dropout(0.3)
    assert narrowed(layer, None) == layer.get_config()
