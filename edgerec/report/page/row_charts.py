"""Charts of one row a bundle or report, as Vega-Lite specifications: latency, quality by segment, memory."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgerec.report.page.theme import ACCENT, INK, LITE, MUTED, SECOND, WIDTH


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram: the times that it spans, in the unit of the axis, and its share of all calls."""

    label: str
    start: float
    end: float
    share: float


@dataclass(frozen=True)
class Mark:
    """A named value of one row, such as a percentile."""

    label: str
    name: str
    value: float


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, of one row of one group."""

    group: str
    label: str
    value: float
    low: float
    high: float


def latencies(bars: Sequence[Bar], marks: Sequence[Mark], order: Sequence[str], *, unit: str) -> dict[str, Any]:
    """Give one histogram a row, all on one axis, with a line at each mark: the median whole, the others dashed."""
    values = [{"part": "bar", **asdict(one)} for one in bars] + [{"part": one.name, **asdict(one)} for one in marks]
    scale = {"type": "log", "nice": False, "domain": [min(one.start for one in bars), max(one.end for one in bars)]}
    axis = {"title": f"one call, {unit}", "tickCount": 5, "format": "~g"}

    def line(name: str, dash: list[int]) -> dict[str, Any]:
        return {
            "transform": [{"filter": f"datum.part === '{name}'"}],
            "mark": {"type": "rule", "strokeDash": dash, "strokeWidth": 1.5, "color": INK},
            "encoding": {"x": {"field": "value", "type": "quantitative", "scale": scale}},
        }

    bar = {
        "transform": [{"filter": "datum.part === 'bar'"}],
        "mark": {"type": "rect", "color": ACCENT},
        "encoding": {
            "x": {"field": "start", "type": "quantitative", "scale": scale, "axis": axis},
            "x2": {"field": "end"},
            "y": {"field": "share", "type": "quantitative", "axis": None, "stack": None},
            "y2": {"datum": 0},
        },
    }
    return {
        **LITE,
        "data": {"values": values},
        "facet": {
            "row": {
                "field": "label",
                "type": "nominal",
                "sort": list(order),
                "title": None,
                "header": {"labelAngle": 0, "labelAlign": "left", "labelFontWeight": "bold"},
            }
        },
        "spacing": 6,
        "spec": {"width": WIDTH, "height": 36, "layer": [bar, line("p50", []), line("p95", [3, 3])]},
        "resolve": {"scale": {"y": "independent"}},
    }


def by_segment(
    estimates: Sequence[Estimate], groups: Sequence[str], order: Sequence[str], *, k: int, baseline: str | None
) -> dict[str, Any]:
    """Give one group of rows a segment, a dot and its interval a row, and a dashed line where the baseline is."""
    x = {
        "type": "quantitative",
        "scale": {"zero": True},
        "axis": {"format": ".0%", "title": f"recall@{k}", "tickCount": 5},
    }
    y = {
        "field": "label",
        "type": "nominal",
        "sort": list(order),
        "title": None,
        "axis": {"ticks": False, "domain": False},
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "color": MUTED, "strokeWidth": 1.5},
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": y},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 42, "color": ACCENT, "opacity": 1},
            "encoding": {"x": {"field": "value", **x}, "y": y},
        },
    ]
    if baseline is not None:
        layers.append(
            {
                "transform": [{"filter": {"field": "label", "equal": baseline}}],
                "mark": {"type": "rule", "color": INK, "strokeDash": [3, 3]},
                "encoding": {"x": {"field": "value", **x}},
            }
        )
    return {
        **LITE,
        "data": {"values": [asdict(one) for one in estimates]},
        "facet": {
            "row": {
                "field": "group",
                "type": "nominal",
                "sort": list(groups),
                "title": None,
                "header": {"labelOrient": "top", "labelAnchor": "start", "labelFontWeight": "bold", "labelPadding": 2},
            }
        },
        "spacing": 8,
        "spec": {"width": WIDTH, "height": {"step": 15}, "layer": layers},
    }


def memories(marks: Sequence[Mark], names: Sequence[str], order: Sequence[str], *, unit: str) -> dict[str, Any]:
    """Give one bar a row, of what the process grew by: the named parts one after another."""
    return {
        **LITE,
        "data": {"values": [{**asdict(one), "place": names.index(one.name)} for one in marks]},
        "width": WIDTH,
        "height": {"step": 24},
        "mark": {"type": "bar", "height": 14},
        "encoding": {
            "x": {"field": "value", "type": "quantitative", "axis": {"title": f"growth, {unit}", "tickCount": 5}},
            "y": {
                "field": "label",
                "type": "nominal",
                "sort": list(order),
                "title": None,
                "axis": {"ticks": False, "labelFontWeight": "bold", "labelColor": INK},
            },
            "color": {
                "field": "name",
                "type": "nominal",
                "scale": {"domain": list(names), "range": [ACCENT, SECOND]},
                "legend": {"orient": "top", "title": None},
            },
            "order": {"field": "place"},
        },
    }
