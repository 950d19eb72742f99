"""How often values fall where."""

from hypothesis import given
from hypothesis import strategies as st

from edgerec.histogram import histogram

TIMES = st.lists(st.integers(1, 10**9), min_size=1)


@given(TIMES, st.integers(1, 60))
def test_every_value_is_counted_once_where_it_lies(values: list[int], bins: int) -> None:
    found = histogram(values, low=min(values), high=max(values), bins=bins)
    assert sum(one.count for one in found) == len(values)
    assert all(one.count > 0 for one in found)
    assert min(one.start for one in found) >= min(values) * 0.9999
    assert max(one.end for one in found) <= max(*values, min(values) * 1.01) * 1.0001
    for value in values:
        assert any(one.start <= value * 1.0001 and value <= one.end * 1.0001 for one in found)


def test_each_bin_is_so_many_times_as_long_as_the_one_before() -> None:
    found = histogram([1, 10, 100], low=1, high=1000, bins=3)
    assert [(round(one.start), round(one.end), one.count) for one in found] == [
        (1, 10, 1),
        (10, 100, 1),
        (100, 1000, 1),
    ]
