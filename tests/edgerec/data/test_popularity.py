import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from device_tests.evaluation import EvaluationSet, Ragged
from edgerec.data.popularity import THIRDS, halves, thirds

COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=12).map(lambda counts: np.array(counts, np.int32))


@settings(deadline=None)
@given(COUNTS)
def test_thirds_are_those_of_the_harness(popularity: np.ndarray) -> None:
    every_item = Ragged(np.array([0, len(popularity)], np.int32), np.arange(len(popularity), dtype=np.int32))
    nothing = Ragged(np.array([0, 0], np.int32), np.zeros(0, np.int32))
    segments = EvaluationSet({}, nothing, every_item, popularity).segments()
    if popularity.sum():
        for number, name in enumerate(THIRDS):
            assert tuple(np.flatnonzero(thirds(popularity) == number)) == segments[name]


@settings(deadline=None)
@given(COUNTS)
def test_halves_hold_equally_many_items_and_the_popular_ones_come_first(popularity: np.ndarray) -> None:
    half = halves(popularity)
    assert (half == 0).sum() - (half == 1).sum() in (0, 1)
    if half.any():
        assert popularity[half == 0].min() >= popularity[half == 1].max()
