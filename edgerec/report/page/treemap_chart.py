"""The tensors of a file as a treemap, a Vega specification."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgerec.report.page.theme import FONT, INK, LINE, VEGA

WIDTH, HEIGHT = 320, 220
ROOM = 0.85  # of a tile's width for its name: the reader's font may be wider than the one that it was measured with


@dataclass(frozen=True)
class Tile:
    """A tile of a treemap: what it is called, its size as people read it, its kind, and the bytes that its area is."""

    name: str
    written: str
    kind: str
    bytes: int


def treemap_chart(tiles: Sequence[Tile]) -> dict[str, Any]:
    """Give a tile a tensor, its area the bytes in the file, those of one kind together."""
    kinds = dict.fromkeys(one.kind for one in tiles)
    nodes: list[dict[str, Any]] = [{"id": "file"}]
    nodes += [{"id": kind, "parent": "file"} for kind in kinds]
    nodes += [
        {"id": f"{place}", "parent": one.kind, "fill": f"var(--{one.kind})", **asdict(one)}
        for place, one in enumerate(tiles)
    ]
    wide, tall = "datum.x1 - datum.x0", "datum.y1 - datum.y0"
    return {
        **VEGA,
        "padding": 0,
        "width": WIDTH,
        "height": HEIGHT,
        "data": [
            {
                "name": "tree",
                "values": nodes,
                "transform": [
                    {"type": "stratify", "key": "id", "parentKey": "parent"},
                    {
                        "type": "treemap",
                        "field": "bytes",
                        "sort": {"field": "value", "order": "descending"},
                        "paddingInner": 1,
                        "size": [WIDTH, HEIGHT],
                    },
                ],
            },
            {
                "name": "tiles",
                "source": "tree",
                "transform": [{"type": "filter", "expr": "isValid(datum.kind)"}],
            },
            {
                "name": "named",
                "source": "tiles",
                "transform": [{"type": "filter", "expr": f"{wide} > 36 && {tall} > 28"}],
            },
        ],
        "marks": [
            {
                "type": "rect",
                "from": {"data": "tiles"},
                "encode": {
                    "enter": {
                        "x": {"field": "x0"},
                        "x2": {"field": "x1"},
                        "y": {"field": "y0"},
                        "y2": {"field": "y1"},
                        "fill": {"field": "fill"},
                        "stroke": {"value": LINE},
                    }
                },
            },
            {
                "type": "text",
                "from": {"data": "named"},
                "encode": {
                    "enter": {
                        "x": {"field": "x0", "offset": 4},
                        "y": {"field": "y0", "offset": 3},
                        "baseline": {"value": "top"},
                        "text": {"signal": "[datum.name, datum.written]"},
                        "limit": {"signal": f"({wide} - 8) * {ROOM}"},
                        "fontSize": {"value": 11},
                        "font": {"value": FONT},
                        "fill": {"value": INK},
                    }
                },
            },
        ],
    }
