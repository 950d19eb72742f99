"""Ids and vectors before they reach a runtime."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from device_tests.errors import ModelError
from device_tests.inputs import checked
from device_tests.manifest import Input

USER, HISTORY, VECTOR = Input("u", "user", 0, 5, None), Input("h", "history", 2, 5, 4), Input("v", "vector", 2, 0, None)


@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.just(2)), elements=st.floats(width=32)))
def test_a_vector_passes_as_it_is_or_names_the_first_number_that_is_not_finite(numbers: np.ndarray) -> None:
    if np.isfinite(numbers).all():
        assert checked(VECTOR, numbers).tobytes() == numbers.tobytes()
        return
    row, column = np.argwhere(~np.isfinite(numbers))[0]
    with pytest.raises(ModelError) as refused:
        checked(VECTOR, numbers)
    said = f"input 'v' was given {numbers[row, column]} in row {row}, where the model takes finite numbers"
    assert str(refused.value) == said


def test_numbers_of_another_width_become_float32_where_they_fit_it() -> None:
    for kind in (np.float16, np.float64):
        found = checked(VECTOR, np.array([[1, 0.5]], kind))
        assert (found.dtype, found.tolist()) == (np.float32, [[1, 0.5]])
    with pytest.raises(ModelError, match="input 'v' was given 1e\\+300 in row 1, where"):
        checked(VECTOR, np.array([[0, 0], [0, 1e300]]))


@pytest.mark.parametrize(
    ("each", "values", "sentence"),
    [
        (VECTOR, np.zeros((3, 1), np.float32), r"'v' should be real numbers of shape \[rows, 2\], not .*3, 1\]"),
        (VECTOR, np.zeros(2, np.float32), r"real numbers of shape \[rows, 2\], not float32 of shape \[2\]"),
        (VECTOR, np.float32(2), r"real numbers of shape \[rows, 2\], not float32 of shape \[\]"),
        (VECTOR, np.zeros((0, 2), np.float32), r"not float32 of shape \[0, 2\]"),
        (VECTOR, np.zeros((3, 2), np.int32), r"real numbers of shape \[rows, 2\], not int32 of shape \[3, 2\]"),
        (HISTORY, np.zeros((3, 2), np.float32), r"'h' should be whole numbers of shape \[rows, 2\], not float32"),
        (USER, np.zeros((3, 2), np.int32), r"'u' should be whole numbers of shape \[rows\], not int32 of .*3, 2\]"),
        (USER, np.array([4, 5]), "'u' was given id 5, where the model takes 0 to 4"),
        (HISTORY, np.array([[0, -1]]), "'h' was given id -1, where the model takes 0 to 4"),
    ],
)  # fmt: skip
def test_what_an_input_cannot_take_is_refused_by_name(each: Input, values: np.ndarray, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        checked(each, np.asarray(values))


def test_ids_pass_as_they_are() -> None:
    ids = np.array([[0, 4], [3, 1]], np.int64)
    assert checked(HISTORY, ids) is ids
