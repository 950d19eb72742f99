"""Vectors in a .npy file, and files that are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.data.errors import DataError
from edgerec.data.vectors import read_vectors

VALUES = np.array([[1, -2.5, 3e38], [0, 1e-45, 7]], np.float32)


@pytest.mark.parametrize("order", ["C", "F"])
def test_vectors_come_back_as_they_were_saved(tmp_path: Path, order: Any) -> None:
    np.save(tmp_path / "v.npy", np.asarray(VALUES, order=order))
    found = read_vectors(tmp_path / "v.npy")
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, VALUES, strict=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            VALUES.astype(np.float64),
            r"<f8 of shape \[2, 3\], expected <f4 .*; save array.astype\(\"<f4\"\)",
        ),
        (VALUES[0], r"<f4 of shape \[3\], expected <f4 of shape \[users, columns\]"),
        (VALUES.astype(">f4"), r">f4 of shape \[2, 3\], expected <f4"),
        (np.array([["a", "b"]]), r"<U1 of shape \[1, 2\], expected <f4"),
        (np.zeros((2, 3), [("a", "<f4")]), "no .npy file of numbers; write it with numpy.save"),
        (np.array([[0, 1], [np.inf, 0]], np.float32), r"v.npy: inf in row 1, expected finite numbers"),
        (np.array([[{}]], object), r"\|O of shape \[1, 1\], expected <f4"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, values: np.ndarray, message: str) -> None:
    np.save(tmp_path / "v.npy", values, allow_pickle=True)
    with pytest.raises(DataError, match=message):
        read_vectors(tmp_path / "v.npy")


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", VALUES)
    (tmp_path / "v.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:-1])
    with pytest.raises(DataError, match=r"v.npy: 23 bytes for \[2, 3\] numbers, expected 24; write it again"):
        read_vectors(tmp_path / "v.npy")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"v\.npy: cannot be read: No such file or directory; give a .npy file"):
        read_vectors(tmp_path / "v.npy")


@given(st.integers(0, 10_000), st.binary(max_size=3), st.booleans())
def test_bytes_that_are_no_such_file_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, at: int, other: bytes, short: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.npy"
    np.save(path, VALUES)
    whole = path.read_bytes()
    at %= len(whole)
    path.write_bytes(whole[:at] + other + (b"" if short else whole[at + len(other) :]))
    try:
        assert read_vectors(path).ndim == 2
    except DataError as why:
        assert str(why).startswith(f"{path}: ")  # noqa: PT017 - most bytes are refused, and some still are vectors
