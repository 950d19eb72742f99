"""Which candidates no other beats."""

from hypothesis import given
from hypothesis import strategies as st

from edgerec.pareto import front

POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)))


@given(POINTS)
def test_no_point_beats_one_of_the_front_and_every_other_is_matched_by_one(points: list[tuple[int, int]]) -> None:
    best = front(points)
    for place, (cost, quality) in enumerate(points):
        beaten = [o for o in points if o[0] <= cost and o[1] >= quality and o != (cost, quality)]
        if place in best:
            assert beaten == []
        else:
            assert any(points[one][0] <= cost and points[one][1] >= quality for one in best)
    assert [points[one][0] for one in best] == sorted({points[one][0] for one in best})
