import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.data.merging import merge_repeats


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_distinct_rows_come_in_order_with_their_counts(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows, np.int32)
    history, target, weight = merge_repeats(table[:, :2], table[:, 2])
    merged = [tuple(row) for row in np.column_stack([history, target]).tolist()]
    assert merged == list(dict.fromkeys(rows))
    assert weight.tolist() == [rows.count(row) for row in merged]
    assert history.dtype == target.dtype == np.int32
    assert weight.dtype == np.float32
