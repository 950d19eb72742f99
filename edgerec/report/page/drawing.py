"""Charts as SVG: a Vega or Vega-Lite specification drawn by vl-convert, which runs Vega without browser or network."""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from edgerec.errors import EdgerecError
from edgerec.report.console import visible
from edgerec.report.page.html import Html, element

_ROOT = re.compile(r"\A<svg\b[^>]*\bviewBox=\"([-0-9. ]+)\"[^>]*>(.*)</svg>\s*\Z", re.DOTALL)


class DrawingError(EdgerecError):
    """A chart that cannot be drawn here."""


def library() -> ModuleType:
    """Give the library that draws; raises DrawingError where it is not installed."""
    try:
        import vl_convert  # noqa: PLC0415  84 MB, and only this command needs it
    except ImportError:
        raise DrawingError(
            "the charts of the page are drawn by vl-convert-python, which is not installed: "
            'pip install "edgerec[report]"'
        ) from None
    return vl_convert


def drawn(spec: Mapping[str, Any], label: str, name: str) -> Html:
    """Give a chart as an SVG element that is one image with a label; it grows and shrinks with the page.

    `name` is what an error calls it. Raises DrawingError where the library is missing or refuses.
    """
    vl_convert = library()
    draw = vl_convert.vega_to_svg if "/vega/" in spec["$schema"] else vl_convert.vegalite_to_svg
    try:
        svg = draw(_seen(spec))
    except ValueError as why:
        raise DrawingError(f"vl-convert could not draw {name}: {' '.join(str(why).split())[:200]}") from None
    found = _ROOT.match(svg)
    if found is None:
        raise DrawingError(f"vl-convert gave no SVG for {name}, but {svg[:60]!r}: install the version edgerec names")
    view, body = found.groups()
    return element("svg", Html(body), viewBox=view, role="img", aria_label=label, class_="chart")


def _seen(part: Any) -> Any:
    """Give a specification whose texts hold only what the library can take; it would fail, or end the process.

    XML holds no control character, and the library cuts a text between the two 16-bit halves of a letter that has two.
    """
    if isinstance(part, str):
        return "".join(letter if letter <= "\uffff" else _escaped(letter) for letter in visible(part))
    if isinstance(part, Mapping):
        return {key: _seen(value) for key, value in part.items()}
    return [_seen(one) for one in part] if isinstance(part, list | tuple) else part


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
