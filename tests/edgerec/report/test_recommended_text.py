"""What a bundle recommends, in words."""

from edgerec.recommending import Item, Recommended
from edgerec.report.recommended_text import recommended_json, recommended_text

KEPT, GONE = Item("i1", "Alien (1979)"), Item("i2", "Dune (1984)")


def test_a_held_out_item_that_was_dropped_is_told_by_its_title() -> None:
    found = Recommended((), (KEPT, GONE), (KEPT,), (GONE,), (GONE,))
    lines = recommended_text(found).splitlines()
    assert "Alien (1979) *" in lines[1]
    assert lines[-1] == "Dune (1984): what this user did next too, and dropped from this bundle's catalogue"
    assert recommended_json(found)["dropped"] == [{"id": "i2", "title": "Dune (1984)"}]
    assert "dropped" not in recommended_text(Recommended((), (KEPT,), (KEPT,), None))
