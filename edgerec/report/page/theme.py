"""What the charts of the report page share: width, font, and colours that are the page's own, light or dark."""

WIDTH = 260
INK, MUTED, LINE, ACCENT, SECOND = (f"var(--{name})" for name in ("ink", "muted", "line", "accent", "second"))
FONT = "system-ui, sans-serif"
_AXIS = {
    "labelColor": MUTED,
    "titleColor": MUTED,
    "titleFontWeight": "normal",
    "gridColor": LINE,
    "domainColor": LINE,
    "tickColor": LINE,
    "labelFont": FONT,
    "titleFont": FONT,
    "labelFontSize": 11,
    "titleFontSize": 11,
    "labelFlush": False,
}
_HEADER = {"labelColor": INK, "labelFont": FONT, "labelFontSize": 11}
_LEGEND = {"labelColor": INK, "labelFont": FONT, "labelFontSize": 11, "titleColor": MUTED}
_CONFIG = {"background": None, "axis": _AXIS, "header": _HEADER, "legend": _LEGEND, "view": {"stroke": None}}
LITE = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "config": {**_CONFIG, "aria": False, "mark": {"aria": False}, "text": {"font": FONT, "color": INK}},
}
VEGA = {
    "$schema": "https://vega.github.io/schema/vega/v6.json",
    "config": _CONFIG,
    "background": None,
    "padding": 4,
}
