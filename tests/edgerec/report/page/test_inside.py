"""The tiles of a treemap: all bytes of what ships, however many parts there are."""

from hypothesis import given
from hypothesis import strategies as st

from edgerec.report.page.inside import KINDS, MOST_TILES, tiles
from edgerec.treemap import Area

LEAVES = st.builds(Area, st.text(max_size=3), st.sampled_from(sorted(KINDS)), st.integers(0, 10**9))


@given(st.lists(st.lists(LEAVES, max_size=40), max_size=5))
def test_tiles_are_all_bytes_and_few(groups: list[list[Area]]) -> None:
    whole = Area("app", "app", 0, tuple(Area("group", "model", 0, tuple(group)) for group in groups if group))
    found = tiles(whole)
    assert sum(one.bytes for one in found) == sum(one.bytes for group in groups for one in group)
    assert len(found) <= MOST_TILES + len(KINDS)
    assert all(one.bytes and one.kind in KINDS for one in found)
    for kind in KINDS:
        expected = sum(one.bytes for group in groups for one in group if one.kind == kind)
        assert sum(one.bytes for one in found if one.kind == kind) == expected


def test_what_is_too_small_for_a_tile_of_its_own_is_in_one_of_its_kind() -> None:
    parts = tuple(Area(str(place), ("table", "dense")[place % 2], 1000 - place) for place in range(200))
    found = tiles(Area("app", "app", 0, parts))
    assert sum(one.bytes for one in found) == sum(one.bytes for one in parts)
    assert [one.name for one in found[MOST_TILES:]] == ["70 smaller", "70 smaller"]
