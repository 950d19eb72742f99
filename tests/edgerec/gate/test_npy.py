import io

import numpy as np
import pytest

from device_tests.errors import BundleError
from edgerec.gate.npy import int32_values


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


@pytest.mark.parametrize("values", [[], [1], [3, -2, 2**31 - 1, -(2**31)], list(range(1000))])
def test_what_numpy_writes_is_read_back(values: list[int]) -> None:
    assert int32_values(npy(np.array(values, "<i4")), "ranks") == tuple(values)


@pytest.mark.parametrize("array", [np.zeros(3, "<i8"), np.zeros(3, "<f4"), np.zeros((2, 2), "<i4")])
def test_any_other_array_is_refused_by_name(array: np.ndarray) -> None:
    with pytest.raises(BundleError, match=r"^ranks "):
        int32_values(npy(array), "ranks")


def test_every_prefix_is_refused() -> None:
    data = npy(np.arange(5, dtype="<i4"))
    for length in range(len(data)):
        with pytest.raises(BundleError):
            int32_values(data[:length], "ranks")
