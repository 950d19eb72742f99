"""`init --budget-from`: an edgerec.toml that holds a bundle to what it came to today."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device_tests import report as report_format
from device_tests.errors import HarnessError
from device_tests.files import write_whole
from edgerec.errors import EdgerecError
from edgerec.gate.baseline import name_of
from edgerec.gate.check import reports_beside
from edgerec.gate.drafting import Drafted, drafted
from edgerec.gate.from_reports import reports_of
from edgerec.model_file import read_model_file


class DraftError(EdgerecError):
    """A budget that cannot be drafted, or a file of that name that is there already."""


@dataclass(frozen=True)
class BudgetDraft:
    """The limits, and the bundle and its reports by their paths from the folder that the file goes to."""

    limits: tuple[Drafted, ...]
    bundle: Path
    reports: tuple[Path, ...]
    margin: float


def draft_budget(bundle: Path, reports: Sequence[Path], out: Path, *, margin: float) -> BudgetDraft:
    """Draft a budget for `out` of a bundle and its reports, those beside it where none is given.

    Raises DraftError where `out` is there already or a report is of another build, and what reading them raises.
    """
    if out.exists():
        raise DraftError(f"{out} is there already and stays as it is: name another file with -o, or remove it.")
    file = read_model_file(bundle)
    named = tuple(reports) or tuple(path for path in map(Path, reports_beside(str(bundle))) if path.exists())
    read = {str(path): report_format.read(path) for path in named}
    own = reports_of(file, read)
    for path in read:
        if path not in own:
            raise DraftError(f"{path} is of another build than {bundle}: measure it again with edgerec bench.")
    limits = drafted(file, own, margin=margin)
    return BudgetDraft(limits, Path(name_of(bundle, out)), tuple(Path(name_of(path, out)) for path in named), margin)


def write_draft(out: Path, text: str) -> None:
    """Write the text of a budget, whole or not at all; raises HarnessError when it cannot be written."""
    write_whole(out, text.encode(), HarnessError)
