"""What stands for a peer that is not installed."""

import numpy as np
import pytest

from benchmarks.peers import min_max_rows


@pytest.mark.parametrize(("bits", "most"), [(8, 127), (4, 7), (2, 1)])
def test_the_largest_magnitude_of_a_row_just_fits(bits: int, most: int) -> None:
    table = np.array([[0.5, -1.0, 0.25, 0.0], [0.0, 0.0, 0.0, 0.0]], np.float32)
    made = min_max_rows(table, bits)
    assert np.abs(made.values[0]).max() == most
    assert np.isclose(made.scales[0], 1 / most)
    assert np.abs(made.decode() - table).max() <= 0.5 / most + 1e-6
