"""The report page: one HTML file without a script, a request or a font of its own, from bundles and their reports."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from device_tests.record import to_json
from edgerec.report.exhibit import Exhibition
from edgerec.report.exhibit_changes import changes
from edgerec.report.page.changes import against_baseline
from edgerec.report.page.html import Html, element, joined
from edgerec.report.page.inside import inside
from edgerec.report.page.measured import counted, latency, memory, quality
from edgerec.report.page.overview import overview, size_against_recall, unmeasured
from edgerec.report.page.provenance import provenance
from edgerec.report.page.sources import Named, named

JSON_VERSION = 1
# Nothing may be fetched and nothing may run, whatever a name in a file says.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_STYLE = Path(__file__).with_name("page.css")


def page(exhibition: Exhibition) -> str:
    """Give the page; the same exhibition gives the same bytes. Raises DrawingError where charts cannot be drawn."""
    files = named(exhibition)
    sections = tuple(_sections(files, exhibition))
    title = f"edgerec report: {len(files)} file{'s'[: len(files) != 1]}"
    head = element(
        "head",
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<link rel="icon" href="data:,">'),
        element("title", title),
        element("style", Html(_STYLE.read_text(encoding="utf-8"))),
    )
    links = (element("li", element("a", name, href=f"#{place}")) for place, name, _ in sections)
    body = element(
        "body",
        element("a", "Skip to the figures", href="#figures", class_="skip"),
        element("header", element("h1", title)),
        element("nav", element("ul", *links), aria_label="Sections"),
        element("main", *(_section(*one) for one in sections), id="figures", tabindex="-1"),
        element("footer", "Made by edgerec; nothing on this page runs, and it asks no other machine for anything."),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def page_json(exhibition: Exhibition, path: Path, page_bytes: int) -> dict[str, Any]:
    """Give what the page shows as plain JSON values, and where it was written."""
    files = named(exhibition)
    baseline = next((one for one in files if one.is_baseline), None)
    return {
        "version": JSON_VERSION,
        "page": str(path),
        "page_bytes": page_bytes,
        "baseline": None if baseline is None else baseline.letter,
        "files": [_file_json(one, baseline) for one in files],
        "strangers": list(exhibition.strangers),
    }


def _file_json(one: Named, baseline: Named | None) -> dict[str, Any]:
    inspection, recall = one.exhibit.inspection, one.exhibit.recall
    compared = baseline is not None and not one.is_baseline
    return {
        "letter": one.letter,
        "name": inspection.name,
        "sha256": inspection.sha256,
        "recipe": one.exhibit.recipe or None,
        "app_bytes": inspection.app_bytes,
        "download_bytes": inspection.download_bytes,
        "recall": None if recall is None else to_json(recall),
        "reports": {name: each.source for name, each in one.reports},
        "bench": None if one.reports else one.exhibit.bench,
        "changes": [
            {**to_json(each), "difference": each.difference}
            for each in (changes(baseline.exhibit, one.exhibit) if baseline is not None and compared else ())
        ],
    }


def _sections(files: tuple[Named, ...], exhibition: Exhibition) -> Iterator[tuple[str, str, Html]]:
    baseline = next((one for one in files if one.is_baseline), None)
    yield "overview", "Overview", joined((overview(files), unmeasured(files)))
    yield "size", "Size against recall", size_against_recall(files)
    if baseline is not None:
        others = [one for one in files if one is not baseline]
        yield "changes", "What changed against the baseline", against_baseline(baseline, others)
    yield "quality", "Quality by segment", quality(files)
    yield "latency", "Latency", latency(files)
    if any(one.exhibit.counted for one in files):
        yield "counts", "Counted in an emulator", counted(files)
    yield "memory", "Memory", memory(files)
    yield "inside", "Inside each file", inside(files)
    yield "provenance", "Where every figure comes from", provenance(files, exhibition.strangers)


def _section(place: str, name: str, content: Html) -> Html:
    heading = element("h2", name, id=f"{place}-heading")
    return element("section", heading, content, id=place, aria_labelledby=f"{place}-heading")
