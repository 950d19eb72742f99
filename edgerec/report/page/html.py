"""HTML that is safe by its type: whatever is not `Html` already is text, and is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from edgerec.report.console import visible

LONGEST_NAME = 120


class Html(str):
    """Markup that this package made; a plain `str` is text out of a file."""

    __slots__ = ()


EMPTY = Html("")


def shown(name: str) -> str:
    """Give a name out of a file with what cannot be seen made visible, its middle left out where it is endless."""
    if len(name) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        name = f"{name[:half]}…{name[-half:]}"
    return visible(name)


def markup(part: str) -> Html:
    """Give markup as it is and text escaped."""
    return part if isinstance(part, Html) else Html(escape(visible(part), quote=True))


def joined(parts: Iterable[str]) -> Html:
    """Give markup and texts one after another."""
    return Html("".join(map(markup, parts)))


def element(tag: str, *children: str, **attributes: str) -> Html:
    """Give an element; `class_` is the attribute `class`, and `aria_label` is `aria-label`."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(visible(value), quote=True)}"'
        for name, value in attributes.items()
    )
    return Html(f"<{tag}{written}>{joined(children)}</{tag}>")


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> Html:
    """Give a table that scrolls sideways where it is too wide; `right` are the columns of numbers."""

    def cell(tag: str, column: int, content: str, **scope: str) -> Html:
        numbers = {"class_": "number"} if column in right else {}
        return element(tag, content, **scope, **numbers)

    head = element("tr", *(cell("th", column, name, scope="col") for column, name in enumerate(header)))
    body = [
        element(
            "tr",
            cell("th", 0, row[0], scope="row"),
            *(cell("td", column, content) for column, content in enumerate(row[1:], 1)),
        )
        for row in rows
    ]
    whole = element("table", element("caption", caption), element("thead", head), element("tbody", *body))
    return element("div", whole, class_="scroll", role="region", tabindex="0", aria_label=caption)


def link(target: str, text: str) -> Html:
    """Give a link to a place in the page."""
    return element("a", text, href=f"#{target}")


def figure(chart: Html, caption: str, data: Html) -> Html:
    """Give a chart with what it says, and beside or below it the table of what it shows."""
    return element("div", element("figure", chart, element("figcaption", caption)), data, class_="pair")
