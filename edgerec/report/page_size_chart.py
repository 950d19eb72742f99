"""Recall by size as a Vega specification: who beats whom, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgerec.report.page_theme import ACCENT, FONT, INK, MUTED, VEGA, WIDTH
from edgerec.statistics import Interval


@dataclass(frozen=True)
class Point:
    """A bundle by size (in the unit of the axis) and recall, and whether no other beats it."""

    label: str
    size: float
    recall: Interval
    on_front: bool


def size_and_recall(points: Sequence[Point], *, unit: str, k: int) -> dict[str, Any]:
    """Give recall by size, with intervals and the line through the points that no other beats."""
    values = [
        {
            "label": one.label,
            "x": one.size,
            "y": one.recall.estimate,
            "low": one.recall.low,
            "high": one.recall.high,
            "fill": ACCENT if one.on_front else "var(--card)",
        }
        for one in points
    ]
    line = sorted(
        ({"x": one.size, "y": one.recall.estimate} for one in points if one.on_front), key=lambda one: one["x"]
    )
    spread = [bound for one in points for bound in (one.recall.low, one.recall.high)]
    decimals = 1 if max(spread) - min(spread) < 0.05 else 0  # noqa: PLR2004  five points: below that ticks repeat
    at = {"x": {"scale": "x", "field": "x"}, "y": {"scale": "y", "field": "y"}}
    return {
        **VEGA,
        "width": WIDTH,
        "height": 220,
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
                "from": {"data": "dots"},
                "encode": {
                    "enter": {
                        "text": {"field": "datum.label"},
                        "fontSize": {"value": 12},
                        "fontWeight": {"value": "bold"},
                        "font": {"value": FONT},
                        "fill": {"value": INK},
                    }
                },
                "transform": [
                    {
                        "type": "label",
                        "size": [WIDTH + 8, 228],
                        "padding": 4,
                        "offset": [4, 6, 9],
                        "anchor": ["top-right", "right", "bottom-right", "top-left", "left", "bottom-left", "bottom"],
                    }
                ],
            },
        ],
    }
