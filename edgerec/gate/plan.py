"""Which files are checked, with which reports, against which budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device_tests import report as report_format
from edgerec.config import FILE_NAME, BundleSetting, Config
from edgerec.gate.budget import Budget, BudgetError
from edgerec.gate.check import check, reports_beside
from edgerec.gate.from_reports import Conditions, reports_of
from edgerec.gate.verdict import Verdict
from edgerec.model_file import read_model_file

SNIPPET = """[budget]
app_bytes = "420 KiB"
p50 = "2 ms"
recall_kept = "98 %"

[[bundle]]
path = "demo/gru.edgerec"
"""


@dataclass(frozen=True)
class Planned:
    """One file to check: the reports that may prove it, where a new report should go, and its budget."""

    path: Path
    reports: tuple[Path, ...]
    report_path: Path
    budget: Budget


def plan(config: Config, files: Sequence[Path], reports: Sequence[Path], flags: Budget) -> tuple[Planned, ...]:
    """Give what to check; files and reports that are given come before the config's, limits of flags win over it.

    A file for which no report is named takes those that lie beside it, `gru.report.json` and `gru.qemu.report.json` for
    `gru.edgerec`. Raises BudgetError when there is nothing to check, or nothing to hold a file to.
    """
    settings = tuple(_setting(config, path) for path in files) or config.bundles
    if not settings:
        raise BudgetError(f"nothing to check: name a bundle or .tflite, or write it in {FILE_NAME}:\n\n{SNIPPET}")
    return tuple(_planned(config, setting, tuple(reports), flags) for setting in settings)


def read_and_check(planned: Sequence[Planned], conditions: Conditions) -> tuple[Verdict, ...]:
    """Read every planned file and its reports, and give one verdict each, in order."""
    files = [read_model_file(one.path) for one in planned]
    named = {str(path): report_format.read(path) for path in dict.fromkeys(p for one in planned for p in one.reports)}
    of_any = {name for file in files for name in reports_of(file, named)}
    verdicts = []
    for one, file in zip(planned, files, strict=True):
        own = reports_of(file, named)
        # A report of another file in the same run is no stranger: it proves that one.
        paths = [str(path) for path in one.reports]
        offered = {path: named[path] for path in paths if path in own or path not in of_any}
        verdicts.append(check(file, offered, one.budget, conditions=conditions, report_path=str(one.report_path)))
    return tuple(verdicts)


def _setting(config: Config, path: Path) -> BundleSetting:
    same = (one for one in config.bundles if one.path.absolute() == path.absolute())
    found = next(same, None)
    return BundleSetting(path) if found is None else BundleSetting(path, found.reports, found.budget)


def _planned(config: Config, setting: BundleSetting, reports: tuple[Path, ...], flags: Budget) -> Planned:
    budget = config.budget.overridden_by(setting.budget).overridden_by(flags)
    if not budget.in_force:
        raise BudgetError(
            f"{setting.path} has no budget to hold: give --limit NAME=VALUE, or write one in {FILE_NAME}:\n\n{SNIPPET}"
        )
    beside = tuple(map(Path, reports_beside(str(setting.path))))
    named = reports or setting.reports
    found = named or tuple(path for path in beside if _is_there(path))
    return Planned(setting.path, found, (named or beside)[0], budget)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for any file
        return False
