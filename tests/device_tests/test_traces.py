"""Traces: calls in the order of their rows, and refused where a row is nothing that the model takes."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from device_tests import traces
from device_tests.errors import ModelError
from device_tests.inputs import checked
from device_tests.manifest import Input

INPUTS = (Input("user", "user", 0, 10, None), Input("history", "history", 2, 50, 49))


def model_of(*inputs: Input) -> SimpleNamespace:
    return SimpleNamespace(inputs=inputs, prepared=lambda given: [checked(each, given[each.name]) for each in inputs])


@pytest.mark.parametrize("text", ["3 7 49\n9 0 1\n", "# user, history\n3,7,49\n\n9\t0 1 # late"])
def test_a_row_of_text_is_a_call(text: str, tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text(text)
    calls = traces.calls_of(traces.read_rows(tmp_path / "trace.txt"), model_of(*INPUTS))
    assert [[value.tolist() for value in call] for call in calls] == [[[3], [[7, 49]]], [[9], [[0, 1]]]]


def test_a_row_of_an_array_is_a_call_and_one_axis_is_one_id_a_call(tmp_path: Path) -> None:
    np.save(tmp_path / "trace.npy", np.array([4, 5, 4], np.uint16))
    calls = traces.calls_of(traces.read_rows(tmp_path / "trace.npy"), model_of(INPUTS[0]))
    assert [call[0].tolist() for call in calls] == [[4], [5], [4]]


def test_a_vector_takes_real_numbers(tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text("0.5 1\n2 3\n")
    vector = Input("vector", "vector", 2, 0, None)
    calls = traces.calls_of(traces.read_rows(tmp_path / "trace.txt"), model_of(vector))
    assert [call[0].tolist() for call in calls] == [[[0.5, 1.0]], [[2.0, 3.0]]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 7\n", "the trace has 2 columns, where a call takes 1 of 'user' and 2 of 'history'"),
        ("3 7 50\n", "input 'history' was given id 50, where the model takes 0 to 49"),
        ("-1 7 4\n", "input 'user' was given id -1"),
        ("3 7.5 4\n", "input 'history' should be whole numbers"),
        ("3 7 4\n3 7\n", "its rows are not of one length"),
        ("3 seven 4\n", "neither a .npy nor rows of numbers"),
        ("3 inf 4\n", "inf is no number"),
        ("\n", r"should be numbers, \[calls, columns\], not float64 \[0\]"),
        ("\x93NUMPY", "neither a .npy nor rows of numbers"),
    ],
)
def test_what_is_no_trace_of_the_model_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "trace").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match=said):
        traces.calls_of(traces.read_rows(tmp_path / "trace"), model_of(*INPUTS))


def test_a_trace_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^cannot read the trace gone.npy: No such file or directory$"):
        traces.read_rows(tmp_path / "gone.npy")
