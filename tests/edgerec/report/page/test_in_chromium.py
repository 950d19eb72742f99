"""The page in a real browser: nothing runs, nothing is fetched, it fits, can be read, and the keyboard reaches all."""

import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

WIDTHS = (390, 1440)
SCHEMES = ("light", "dark")

# Text and the first opaque background behind it, as WCAG 2.2 (1.4.3) contrasts them; in a treemap the tile lies behind.
CONTRASTS = """
(() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const opaque = (colour) => colour.startsWith('rgb') && (numbers(colour)[3] ?? 1) === 1;
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (opaque(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const tile = (element) => {
    const box = element.getBoundingClientRect();
    const tiles = [...element.ownerSVGElement.querySelectorAll('.role-mark.mark-rect path')];
    return tiles.find((one) => {
      const other = one.getBoundingClientRect();
      const across = other.left <= box.left && box.left < other.right;
      return across && other.top <= box.top + 1 && box.bottom - 1 <= other.bottom;
    });
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    const svg = element.ownerSVGElement, style = getComputedStyle(element);
    const under = svg && tile(element);
    const text = svg ? style.fill : style.color;
    const back = under ? getComputedStyle(under).fill : behind(svg || element);
    const [light, dark] = [luminance(numbers(text)), luminance(numbers(back))].sort((a, b) => b - a);
    found.push([(light + 0.05) / (dark + 0.05), text, back, element.textContent.trim().slice(0, 40)]);
  }
  return found;
})()
"""
FOCUS = """
(() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  return [at.tagName, at.textContent.slice(0, 60), style.outlineStyle, parseFloat(style.outlineWidth),
          box.top + scrollY, box.left >= -1];
})()
"""


def complaints(events: list[dict[str, Any]]) -> list[object]:
    """Give what the console was told: errors, warnings, exceptions."""
    return [
        one["params"]
        for one in events
        if one.get("method") in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
    ]


def requests(events: list[dict[str, Any]]) -> list[str]:
    return [one["params"]["request"]["url"] for one in events if one.get("method") == "Network.requestWillBeSent"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens_without_a_complaint_or_a_request_fits_and_can_be_read(
    browser: Any, written: Path, width: int, scheme: str
) -> None:
    browser.open(written, width=width, scheme=scheme)
    assert browser.value("document.title") == "edgerec report: 4 files"
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    found = browser.value(CONTRASTS)
    assert len(found) > 100
    assert [one for one in found if one[0] < 4.5] == []
    charts = browser.value(
        "[...document.querySelectorAll('svg.chart')].map((one) => one.getBoundingClientRect().width)"
    )
    assert all(300 < one <= width for one in charts)
    assert complaints(browser.events) == []
    assert requests(browser.events) == [written.absolute().as_uri()]


def test_dark_is_dark(browser: Any, written: Path) -> None:
    colours = []
    for scheme in SCHEMES:
        browser.open(written, scheme=scheme)
        colours.append(browser.value("getComputedStyle(document.body).backgroundColor"))
    light, dark = (sum(map(int, re.findall(r"\d+", one)[:3])) for one in colours)
    assert light > 3 * 200
    assert dark < 3 * 60


def test_names_run_nothing_even_where_no_policy_forbids_it(browser: Any, written: Path, tmp_path: Path) -> None:
    text = written.read_text(encoding="utf-8")
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert bare != text
    (tmp_path / "bare.html").write_text(bare, encoding="utf-8")
    browser.open(tmp_path / "bare.html")
    assert browser.value("document.title") == "edgerec report: 4 files"
    assert browser.value("document.querySelectorAll('script, img, iframe, object, embed').length") == 0
    assert "<script>" in browser.value("document.body.innerText")
    assert complaints(browser.events) == []


def test_the_policy_lets_nothing_run(browser: Any, written: Path, tmp_path: Path) -> None:
    text = written.read_text(encoding="utf-8").replace("</body>", "<script>document.title = 'ran'</script></body>")
    (tmp_path / "planted.html").write_text(text, encoding="utf-8")
    browser.open(tmp_path / "planted.html")
    assert browser.value("document.title") == "edgerec report: 4 files"


def test_tab_reaches_every_link_and_table_in_order_and_shows_where_it_is(browser: Any, written: Path) -> None:
    browser.open(written)
    reachable = browser.value(
        "[...document.querySelectorAll('a[href], summary, .scroll')].filter((one) => one.checkVisibility()).length"
    )
    browser.press_tab()
    assert browser.value(FOCUS)[:2] == ["A", "Skip to the figures"]
    stops = [browser.value(FOCUS)]
    for _ in range(reachable - 1):
        browser.press_tab()
        stops.append(browser.value(FOCUS))
    assert [one for one in stops if one[2] == "none" or one[3] < 1 or not one[5]] == []
    assert browser.value("document.activeElement.closest('section').id") == "provenance"


def test_a_screen_reader_finds_landmarks_charts_and_tables(browser: Any, written: Path) -> None:
    browser.open(written)
    nodes = browser.ask("Accessibility.getFullAXTree")["nodes"]
    told = [
        (one["role"]["value"], one.get("name", {}).get("value", ""))
        for one in nodes
        if not one.get("ignored") and "role" in one
    ]
    roles = {role for role, _ in told}
    assert {"banner", "navigation", "main", "contentinfo", "table", "columnheader", "rowheader"} <= roles
    images = [name for role, name in told if role in {"image", "img"}]
    assert len(images) == 8
    assert all(images)
    assert [one for one in told if one[0] == "region" and not one[1]] == []


def test_names_stay_within_their_tiles(browser: Any, written: Path) -> None:
    browser.open(written)
    outside = browser.value("""
      [...document.querySelectorAll('#inside svg')].flatMap((svg) => {
        const edge = svg.getBoundingClientRect().right;
        return [...svg.querySelectorAll('text')].filter((one) => one.getBoundingClientRect().right > edge);
      }).length
    """)
    assert outside == 0
    assert browser.value("document.querySelectorAll('#inside svg text').length") > 10
