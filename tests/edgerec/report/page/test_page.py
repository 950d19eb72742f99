"""The page without a browser: its figures are the report's, everything has a source, and a name is never markup."""

import itertools
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from device_tests import report as report_format
from edgerec.report.device_figures import figures_of
from edgerec.report.exhibit import read_exhibition
from edgerec.report.page.page import page
from edgerec.report.quantities import duration, share, size

VOID = {"meta", "link", "br"}
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "body",
        "a",
        "header",
        "h1",
        "h2",
        "h3",
        "nav",
        "ul",
        "li",
        "main",
    ),
    *("section", "div", "figure", "figcaption", "p", "span", "strong", "code", "details", "summary", "footer"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "g", "path", "line", "rect", "text", "tspan"),
}


class Read(HTMLParser):
    """What stands in a page: its tags with attributes, its headings, its ids, its tables by caption."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.rows: list[list[str]] = []
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.rows = []
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td", "caption"}:
            self.said = ""

    def handle_data(self, data: str) -> None:
        self.said += data

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in {"th", "td"}:
            self.rows[-1].append(self.said)
        if tag == "caption":
            self.tables[self.said] = self.rows


@pytest.fixture(scope="session")
def read(written: Path) -> Read:
    return Read(written.read_text(encoding="utf-8"))


def test_figures_are_those_of_the_report(read: Read, shelf: Path) -> None:
    figures = figures_of(report_format.read(shelf / "small.report.json"))
    assert figures.quality is not None
    assert figures.latency is not None
    assert figures.memory is not None
    recall = figures.quality.metrics["recall"]
    row = next(row for row in read.tables["Size against recall"] if "small" in row[0])
    assert row[2:6] == ["recall@10", share(recall.estimate), share(recall.low), share(recall.high)]
    assert {row[0][0]: row[6] for row in read.tables["Size against recall"][1:]} == {"A": "yes", "B": "yes", "D": "no"}
    row = next(row for row in read.tables["Latency of one call"] if row[0] == "B1")
    assert row[2:5] == [
        duration(one) for one in (figures.latency.p50_ns, figures.latency.p95_ns, figures.latency.p99_ns)
    ]
    row = next(row for row in read.tables["Memory"] if row[0] == "B1")
    assert row[2] == size(figures.memory.private_run)
    segments = {(row[0], row[1].split()[0]): row[2] for row in read.tables["Recall@10 by segment"][1:]}
    for name, metrics in figures.quality.segments.items():
        assert segments[name.replace("_", " "), "B"] == share(metrics["recall"])


def test_what_grew_worse_says_so_and_by_how_much(read: Read) -> None:
    changes = {row[0]: row for row in read.tables["Figures of B against A"][1:]}
    assert changes["on disk"][5] == "better"
    assert changes["p50"][4:6] == ["-50.0 %", "better"]
    assert changes["recall@10"][3].startswith("-")
    assert changes["recall@10"][6] == "A1, B1"
    assert changes["instructions"][1:] == ["1,000", "900", "-100", "-10.0 %", "better", "A2, B2"]
    assert {row[5] for row in read.tables["Figures of D against A"] if row[0] == "recall@10"} == {"within chance"}
    tensors = {row[0]: row[1:] for row in read.tables["Tensors that changed"][1:]}
    assert tensors["table"] == ["changed", "1.3 KiB FLOAT32", "656 B FLOAT32", "-656 B"]


def test_what_is_not_measured_says_so_with_the_command(read: Read, written: Path) -> None:
    row = next(row for row in read.tables["All files"] if "unmeasured" in row[0])
    assert row[4:7] == ["not measured"] * 3
    assert "bench" in written.read_text()
    assert re.search(r"C is not measured\..*?bench [^<]*unmeasured\.edgerec", written.read_text())


def test_an_emulators_counts_are_shown_and_are_no_time(read: Read) -> None:
    rows = {row[0]: row for row in read.tables["Instructions, exact"][1:]}
    assert rows["B2"][1:6] == ["900"] * 5
    assert "emulated" in next(row for row in read.tables["Reports"] if row[0] == "B2")
    assert {row[0] for row in read.tables["Latency of one call"][1:]} == {"A1", "B1", "D1"}


def test_every_row_of_figures_names_where_they_come_from(read: Read) -> None:
    last = {"from", "source"}
    found = [rows for rows in read.tables.values() if last & set(rows[0])]
    assert len(found) >= 5
    for rows in found:
        place = next(index for index, name in enumerate(rows[0]) if name in last)
        assert all(row[place] for row in rows[1:]), rows[0]


def test_links_lead_somewhere_and_ids_are_there_once(read: Read) -> None:
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for tag, attributes in read.tags if tag == "a"}
    assert {str(one).removeprefix("#") for one in links} <= set(ids)


def test_headings_go_down_one_step_at_a_time(read: Read) -> None:
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_every_chart_is_one_labelled_image_with_a_table(read: Read) -> None:
    charts = [attributes for tag, attributes in read.tags if tag == "svg"]
    assert len(charts) == 4 + 4
    assert all(one["role"] == "img" and one["aria-label"] for one in charts)
    sections = "".join(
        "(" if tag == "section" else "c" if tag == "svg" else "t" if tag == "table" else "" for tag, _ in read.tags
    )
    assert all(one.count("t") >= one.count("c") for one in sections.split("("))


def test_names_out_of_files_are_text_and_nothing_else(read: Read, written: Path) -> None:
    assert {tag for tag, _ in read.tags} <= TAGS
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on") or name == "src"]
    assert not [value for _, attributes in read.tags for value in attributes.values() if "javascript:" in (value or "")]
    text = written.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_same_files_give_the_same_page(written: Path, shelf: Path) -> None:
    files = [shelf / f"{name}.edgerec" for name in ("large", "small", "unmeasured", "hostile")]
    assert page(read_exhibition(files, baseline=files[0])).encode() == written.read_bytes()


def test_a_page_is_small(written: Path) -> None:
    assert written.stat().st_size < 150_000


def test_a_bare_tflite_alone_makes_a_page(tmp_path: Path, tiny_tflite: bytes, report_of: Callable[..., object]) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    read = Read(page(read_exhibition([tmp_path / "tiny.tflite"])))
    assert read.tables["All files"][1][1] == "none"
    assert "Latency of one call" not in read.tables
