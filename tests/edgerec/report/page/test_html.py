"""HTML that is safe by its type: markup stays markup, and every other text is text, whatever it holds."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from edgerec.report.page.html import LONGEST_NAME, element, joined, shown, table

TEXTS = st.text(st.characters(codec=None) | st.sampled_from("<>&\"'\u202e\0\x1b"), max_size=40)


class Told(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


@given(TEXTS, TEXTS)
def test_a_text_is_said_and_makes_no_tag_wherever_it_stands(text: str, attribute: str) -> None:
    made = element("p", text, element("b", "x"), title=attribute)
    told = Told(made)
    assert [tag for tag, _ in told.tags] == ["p", "b"]
    assert told.tags[0][1].keys() == {"title"}
    made.encode()  # what cannot be written is made visible
    if text.isprintable():
        assert told.said == f"{text}x"
    if attribute.isprintable():
        assert told.tags[0][1]["title"] == attribute


def test_a_join_keeps_markup_and_escapes_text() -> None:
    assert joined((element("b", "<"), "<b>")) == "<b>&lt;</b>&lt;b&gt;"


def test_a_table_has_a_caption_scopes_and_a_place_for_the_keyboard() -> None:
    made = table("<Sizes>", ("file", "bytes"), [("a", "1")], right=(1,))
    assert made.startswith('<div class="scroll" role="region" tabindex="0" aria-label="&lt;Sizes&gt;">')
    assert "<caption>&lt;Sizes&gt;</caption>" in made
    assert '<th scope="col" class="number">bytes</th>' in made
    assert '<th scope="row">a</th><td class="number">1</td>' in made


@given(st.text("abc", min_size=1, max_size=8), st.integers(1, 3 * LONGEST_NAME))
def test_an_endless_name_keeps_both_ends(part: str, length: int) -> None:
    name = (part * length)[:length]
    made = shown(name)
    assert len(made) <= LONGEST_NAME + 1
    assert (made[:20], made[-20:]) == (name[:20], name[-20:])
