"""Where every figure of the page comes from: each file by its digest, each report by its machine and runtime."""

from collections.abc import Sequence

from edgerec.report.exhibit import Measurement
from edgerec.report.page.html import Html, element, joined, shown, table
from edgerec.report.page.sources import Named
from edgerec.report.quantities import size


def provenance(files: Sequence[Named], strangers: Sequence[str]) -> Html:
    """Give the table of files, the table of reports, what reports warn of, and the reports that are of no file here."""
    parts = [
        element(
            "p",
            "Sizes, tensors and operators are read from the files themselves. Everything else was measured by a "
            "harness on a device, and its figures follow from the raw values in the report. An interval is a bootstrap "
            "over users, 95 %. Download is the app's part deflated, as an APK is.",
        ),
        table("Files", ("", "file", "SHA-256", "on disk"), [_file(one) for one in files], right=(3,)),
    ]
    reports = [(name, each) for one in files for name, each in one.reports]
    if reports:
        header = ("", "report", "how", "runtime", "machine", "system", "Python", "threads", "ids", "golden")
        parts.append(table("Reports", header, [_report(name, each) for name, each in reports], right=(7,)))
    warnings = [f"{name}: {warning}" for name, each in reports for warning in each.report.warnings]
    if warnings:
        parts += [element("h3", "Warnings"), element("ul", *(element("li", one) for one in warnings))]
    if strangers:
        listed = ", ".join(map(shown, strangers))
        parts.append(element("p", f"Of another build, and shown nowhere: {listed}."))
    return joined(parts)


def _file(one: Named) -> tuple[str, ...]:
    inside = one.exhibit.inspection
    digest = element("code", inside.sha256)
    return (_anchor(one.letter), shown(inside.name), digest, size(inside.app_bytes))


def _report(name: str, one: Measurement) -> tuple[str, ...]:
    board, golden, latency = one.report.board, one.report.golden, one.report.latency
    held = "not replayed" if golden is None else "held" if golden.held else f"not held: {shown(golden.reason)}"
    cores = f"{board.cores} core{'s'[: board.cores != 1]}"
    return (
        _anchor(name),
        shown(one.source),
        one.report.provenance,
        shown(f"{board.runtime}=={board.runtime_version}"),
        shown(f"{board.cpu or board.machine}, {cores}"),
        shown(f"{board.system} {board.release}"),
        shown(board.python),
        str(board.threads),
        "" if latency is None else shown(latency.ids),
        held,
    )


def _anchor(name: str) -> Html:
    return element("span", name, id=f"source-{name}")
