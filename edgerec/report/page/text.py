"""What was written as a page, in a few lines."""

from pathlib import Path

from edgerec.report.console import visible
from edgerec.report.exhibit import Exhibition
from edgerec.report.page.sources import named
from edgerec.report.quantities import size


def report_text(exhibition: Exhibition, path: Path, page_bytes: int) -> str:
    """Give where the page is, what it shows, and what to run for what is not measured."""
    files = named(exhibition)
    lines = [f"{visible(str(path))}: {len(files)} file{'s'[: len(files) != 1]}, {size(page_bytes)}"]
    for one in files:
        sources = ", ".join(visible(each.source) for _, each in one.reports)
        lines.append(f"  {one.title}: {sources or f'not measured: {one.exhibit.bench}'}")
    lines += [f"  note: {visible(name)} is of another build and shown nowhere" for name in exhibition.strangers]
    return "\n".join(lines)
