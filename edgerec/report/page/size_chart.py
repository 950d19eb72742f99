"""Recall by size as a Vega specification: who beats whom, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgerec.report.page.theme import ACCENT, FONT, INK, MUTED, VEGA, WIDTH
from edgerec.statistics import Interval

HEIGHT = 200
# Where a label may stand beside its dot, in pixels right and down; the first that is free is taken.
_OFFSETS = (
    (10.0, -9.0),
    (-10.0, -9.0),
    (10.0, 11.0),
    (-10.0, 11.0),
    (15.0, 1.0),
    (-15.0, 1.0),
    (0.0, -24.0),
    (0.0, 26.0),
)
_WIDE, _TALL = 12.0, 11.0


@dataclass(frozen=True)
class Point:
    """A bundle by size (in the unit of the axis) and recall, and whether no other beats it."""

    label: str
    size: float
    recall: Interval
    on_front: bool


def size_and_recall(points: Sequence[Point], *, unit: str, k: int) -> dict[str, Any]:
    """Give recall by size, with intervals and the line through the points that no other beats."""
    spread = [bound for one in points for bound in (one.recall.low, one.recall.high)]
    values = [
        {
            "label": one.label,
            "right": right,
            "down": down,
            "x": one.size,
            "y": one.recall.estimate,
            "low": one.recall.low,
            "high": one.recall.high,
            "fill": ACCENT if one.on_front else "var(--card)",
        }
        for one, (right, down) in zip(points, _places(points, min(spread), max(spread)), strict=True)
    ]
    line = sorted(
        ({"x": one.size, "y": one.recall.estimate} for one in points if one.on_front), key=lambda one: one["x"]
    )
    decimals = 1 if max(spread) - min(spread) < 0.05 else 0  # noqa: PLR2004  five points: below that ticks repeat
    at = {"x": {"scale": "x", "field": "x"}, "y": {"scale": "y", "field": "y"}}
    return {
        **VEGA,
        "width": WIDTH,
        "height": HEIGHT,
        "data": [{"name": "points", "values": values}, {"name": "line", "values": line}],
        "scales": [
            {"name": "x", "domain": {"data": "points", "field": "x"}, "range": "width", "zero": True, "nice": True},
            {"name": "y", "domain": [min(spread), max(spread)], "range": "height", "zero": False, "nice": True},
        ],
        "axes": [
            {"scale": "x", "orient": "bottom", "grid": True, "tickCount": 5, "title": f"download, {unit}"},
            {
                "scale": "y",
                "orient": "left",
                "grid": True,
                "tickCount": 5,
                "format": f".{decimals}%",
                "title": f"recall@{k}",
            },
        ],
        "marks": [
            {
                "type": "line",
                "from": {"data": "line"},
                "encode": {
                    "enter": {
                        **at,
                        "interpolate": {"value": "step-after"},
                        "stroke": {"value": ACCENT},
                        "strokeWidth": {"value": 1.5},
                    }
                },
            },
            {
                "type": "rule",
                "from": {"data": "points"},
                "encode": {
                    "enter": {
                        "x": at["x"],
                        "y": {"scale": "y", "field": "low"},
                        "y2": {"scale": "y", "field": "high"},
                        "stroke": {"value": MUTED},
                    }
                },
            },
            {
                "type": "symbol",
                "name": "dots",
                "from": {"data": "points"},
                "encode": {
                    "enter": {
                        **at,
                        "size": {"value": 60},
                        "fill": {"field": "fill"},
                        "stroke": {"value": ACCENT},
                        "strokeWidth": {"value": 1.5},
                    }
                },
            },
            {
                "type": "text",
                "from": {"data": "points"},
                "encode": {
                    "enter": {
                        "x": {"scale": "x", "field": "x", "offset": {"field": "right"}},
                        "y": {"scale": "y", "field": "y", "offset": {"field": "down"}},
                        "align": {"value": "center"},
                        "baseline": {"value": "middle"},
                        "text": {"field": "label"},
                        "fontSize": {"value": 12},
                        "fontWeight": {"value": "bold"},
                        "font": {"value": FONT},
                        "fill": {"value": INK},
                    }
                },
            },
        ],
    }


def _places(points: Sequence[Point], low: float, high: float) -> list[tuple[float, float]]:
    """Give an offset a point, so that labels cover neither each other nor another dot where that can be had."""
    widest, tallest = max(one.size for one in points) or 1, (high - low) or 1
    dots = [(one.size / widest * WIDTH, (high - one.recall.estimate) / tallest * HEIGHT) for one in points]
    taken: list[tuple[float, float]] = []
    offsets = []
    for place, (x, y) in enumerate(dots):
        others = [*taken, *dots[:place], *dots[place + 1 :]]
        free = (
            (right, down)
            for right, down in _OFFSETS
            if all(abs(x + right - left) >= _WIDE or abs(y + down - top) >= _TALL for left, top in others)
        )
        right, down = next(free, _OFFSETS[0])
        taken.append((x + right, y + down))
        offsets.append((right, down))
    return offsets
