"""From bundles and reports to a page on the disk."""

from collections.abc import Sequence
from pathlib import Path

from device_tests.errors import HarnessError
from device_tests.files import write_whole
from edgerec.config import read_config_if_there
from edgerec.errors import EdgerecError
from edgerec.report.exhibit import Exhibition, read_exhibition
from edgerec.report.page.drawing import library
from edgerec.report.page.page import page


class PageError(HarnessError, EdgerecError):
    """A page that cannot be written where it was asked for."""


def write_report(
    output: Path,
    files: Sequence[Path],
    reports: Sequence[Path] = (),
    *,
    baseline: Path | None = None,
    config_path: Path | None = None,
) -> tuple[Exhibition, int]:
    """Write the page of these files, or of those in edgerec.toml, and give what it shows and its bytes.

    Raises PageError where the page would replace what it is made of, or cannot be written; DrawingError where the
    library that draws is missing; and what reading a bundle or a report raises.
    """
    library()  # before anything is read
    if not files:
        config = read_config_if_there(config_path)
        files = [one.path for one in config.bundles]
        reports = tuple(reports) or [path for one in config.bundles for path in one.reports]
    sources = (*files, *reports, *(() if baseline is None else (baseline,)))
    if any(path.absolute() == output.absolute() for path in sources):
        raise PageError(f"-o {output} is what the page is made of, and would be replaced: name another file")
    exhibition = read_exhibition(files, reports, baseline=baseline)
    data = page(exhibition).encode()
    write_whole(output, data, PageError)
    return exhibition, len(data)
