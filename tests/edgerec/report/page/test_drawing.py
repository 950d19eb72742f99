"""Charts as SVG: whatever a name holds, the library that draws neither dies of it nor lets it be markup."""

import xml.etree.ElementTree as ET

import pytest

from edgerec.report.page.drawing import DrawingError, drawn
from edgerec.report.page.row_charts import Bar, Mark, latencies, memories
from edgerec.report.page.theme import VEGA
from edgerec.report.page.treemap_chart import Tile, treemap_chart

# The library aborts the whole process at what XML cannot hold: control characters, U+FFFE, halves of a pair.
# One beyond 16 bits it cuts in two where a tile is too narrow for the name, and then cannot read its own half.
NAMES = (
    *("\0", "\x1b[31m", "\ufffe", "\ud800", "\u202e", "\n", "\u4e2d"),
    *("</svg><script>", "&amp;<![CDATA[", "{{'${1}'}}"),
)


def test_a_name_that_is_cut_may_hold_any_letter() -> None:
    for length in range(1, 5):
        tile = Tile("a" * length + "\U0001f600" * 200, "9 B", "table", 9)
        assert ">a" in drawn(treemap_chart([tile]), "", "tree")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_of_any_kind_is_text_in_the_picture(name: str) -> None:
    svg = drawn(treemap_chart([Tile(f"x{name}", "9 B", "table", 9)]), f"of {name}", "tree")
    tree = ET.fromstring(svg)  # noqa: S314  made by this test
    assert {one.tag for one in tree.iter()} <= {"svg", "g", "path", "text", "tspan", "rect"}
    said = "".join(tree.itertext())
    assert said.startswith("x")
    assert name.isprintable() == (f"x{name}" in said)


def test_colours_are_the_pages() -> None:
    svg = drawn(treemap_chart([Tile("a", "9 B", "table", 9)]), "", "tree")
    assert 'fill="var(--table)"' in svg
    assert "#" not in svg


def test_a_bar_of_one_report_beside_that_of_another_is_drawn_by_its_share() -> None:
    bars = [Bar("A1", 1, 2, 0.25), Bar("A1", 2, 4, 0.75), Bar("B1", 2, 4, 1)]
    svg = drawn(latencies(bars, [Mark("A1", "p50", 3)], ["A1", "B1"], unit="ms"), "times", "latency")
    assert svg.count('fill="var(--accent)"') == 3
    assert svg.index(">A1<") < svg.index(">B1<")


def test_a_part_of_memory_has_the_colour_of_its_name() -> None:
    marks = [Mark("A1", "private", 1), Mark("A1", "mapped", 2)]
    svg = drawn(memories(marks, ("private", "mapped"), ["A1"], unit="MiB"), "memory", "memory")
    assert svg.count('fill="var(--second)"') == svg.count('fill="var(--accent)"') == 2  # the bar and its legend


def test_what_the_library_refuses_is_one_sentence() -> None:
    with pytest.raises(DrawingError, match="vl-convert could not draw tree: ") as refused:
        drawn({**VEGA, "marks": [{"type": "nothing"}], "signals": 3}, "", "tree")
    assert "\n" not in str(refused.value)
