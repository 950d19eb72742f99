"""Rendered by cmark-gfm, which is what GitHub renders with."""

from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from edgerec.report.console import visible
from edgerec.report.markdown import code, details, prose, table


class Page(HTMLParser):
    """The tags of a page, the text of each cell, and every text node that stands in no code."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self._open):
            self.cells[-1] += data
        if "code" not in self._open:
            self.words.append(data)


@given(st.data())
def test_no_text_breaks_out_of_its_cell_or_becomes_anything_else(
    texts: st.SearchStrategy[str], data: st.DataObject
) -> None:
    one, other = data.draw(texts), data.draw(texts)
    page = Page("\n".join(table(("a", "b"), [(code(one), prose(other))])))
    assert page.tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "code", "td"]
    assert [cell.strip() for cell in page.cells] == ["a", "b", visible(one).strip(), visible(other).strip()]


@given(st.data())
def test_no_text_breaks_out_of_a_list_in_a_folded_part(texts: st.SearchStrategy[str], data: st.DataObject) -> None:
    text = data.draw(texts)
    page = Page("\n".join(details("Notes", [f"- note: {prose(text)}", f"  - see: {code(text)}"])))
    assert page.tags == ["details", "summary", "ul", "li", "ul", "li", "code"]


def test_nobody_is_mentioned_and_no_issue_is_referred_to() -> None:
    words = Page(prose("@torvalds broke #1, says x@y.z")).words
    assert "".join(words).strip() == "@torvalds broke #1, says x@y.z"
    assert [word for word in words if word[:-1].count("@") or word[:-1].count("#")] == []
    assert Page(code("@torvalds #1")).words == ["\n"]


def test_what_is_too_long_is_cut_and_shows_it() -> None:
    assert prose("x" * 2000, longest=5) == "xxxx…"
    assert len(code("x" * 2000)) == len("<code></code>") + 200
