"""Which files are checked, with which reports, against which budget."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from device_tests import report as report_format
from device_tests.files import is_there
from device_tests.report import DeviceReport
from edgerec.config import FILE_NAME, BundleSetting, Config
from edgerec.gate import baseline as baseline_format
from edgerec.gate.baseline import EMPTY, NOTHING, Accepted, Baseline, name_of
from edgerec.gate.budget import Budget, BudgetError
from edgerec.gate.check import check, reports_beside
from edgerec.gate.evidence import Evidence
from edgerec.gate.from_reports import Expected, reports_of
from edgerec.gate.policy import STRICT, Policy
from edgerec.gate.ratchet import Moved, accepted_of, ratcheted
from edgerec.gate.verdict import Verdict
from edgerec.model_file import ModelFile, read_model_file

SNIPPET = """[budget]
app_bytes = "420 KiB"
p50 = "2 ms"
recall_kept = "98 %"

[[bundle]]
path = "demo/gru.edgerec"
"""


@dataclass(frozen=True)
class Planned:
    """One file to check: the reports that may prove it, where a new report should go, its budget, and what names it."""

    path: Path
    reports: tuple[Path, ...]
    report_path: Path
    budget: Budget
    where: str = ""


def plan(config: Config, files: Sequence[Path], reports: Sequence[Path], flags: Budget) -> tuple[Planned, ...]:
    """Give what to check; files and reports that are given come before the config's, limits of flags win over it.

    A file for which no report is named takes those that lie beside it, `gru.report.json` and `gru.qemu.report.json` for
    `gru.edgerec`. Raises BudgetError when there is nothing to check, or nothing to hold a file to.
    """
    settings = tuple(_setting(config, path) for path in files) or config.bundles
    if not settings:
        raise BudgetError(f"nothing to check: name a bundle or .tflite, or write it in {FILE_NAME}:\n\n{SNIPPET}")
    return tuple(_planned(config, setting, tuple(reports), flags) for setting in settings)


@dataclass(frozen=True)
class Updated:
    """One verdict a file against the baseline as it is now, and what moved in it."""

    verdicts: tuple[Verdict, ...]
    moved: tuple[Moved, ...]


def read_and_check(planned: Sequence[Planned], expected: Expected, policy: Policy = STRICT) -> tuple[Verdict, ...]:
    """Read every planned file and its reports, and give one verdict each, in order.

    Raises BudgetError where a limit is relative to a baseline and the policy names none.
    """
    _refuse_without_baseline(planned, policy)
    baseline = EMPTY if policy.baseline is None else baseline_format.read(policy.baseline)
    return tuple(one.verdict(policy, one.accepted(baseline, policy)) for one in _read(planned, expected))


def check_and_update(
    planned: Sequence[Planned], expected: Expected, policy: Policy, *, allow_growth: bool = False
) -> Updated:
    """Check as `read_and_check` does after what became better was taken up in the baseline, which is written.

    With `allow_growth` what became worse is taken up too. A file that does not hold its budget even so changes nothing:
    what may not ship is no baseline. Raises BudgetError where the policy names no baseline.
    """
    if policy.baseline is None:
        raise BudgetError(f"there is no baseline to update: {_NAME_ONE}")
    baseline = baseline_format.read(policy.baseline)
    bundles = dict(baseline.bundles)
    verdicts: list[Verdict] = []
    moved: list[Moved] = []
    for one in _read(planned, expected):
        old = one.accepted(baseline, policy)
        name = name_of(one.planned.path, policy.baseline)
        found = accepted_of(one.evidence, one.planned.budget, policy.baseline)
        new, changes = ratcheted(old, found, bundle=name, threshold=policy.threshold, allow_growth=allow_growth)
        verdict = one.verdict(policy, new)
        if verdict:
            bundles[name] = new
            moved += changes
        verdicts.append(verdict or one.verdict(policy, old))
    if moved:
        baseline_format.write(policy.baseline, Baseline(bundles=bundles))
    return Updated(tuple(verdicts), tuple(moved))


_NAME_ONE = f'write baseline = "edgerec-baseline.json" under [policy] in {FILE_NAME}, or give --baseline.'


@dataclass(frozen=True)
class _Read:
    """A planned file that was read, with the reports that are offered for it."""

    planned: Planned
    file: ModelFile
    reports: Mapping[str, DeviceReport]
    expected: Expected

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.file, reports_of(self.file, self.reports), self.expected)

    def accepted(self, baseline: Baseline, policy: Policy) -> Accepted:
        if policy.baseline is None:
            return NOTHING
        return baseline.bundles.get(name_of(self.planned.path, policy.baseline), NOTHING)

    def verdict(self, policy: Policy, accepted: Accepted) -> Verdict:
        verdict = check(
            self.file,
            self.reports,
            self.planned.budget,
            expected=self.expected,
            report_path=str(self.planned.report_path),
            policy=policy,
            accepted=accepted,
        )
        return replace(verdict, where=self.planned.where)


def _read(planned: Sequence[Planned], expected: Expected) -> Iterator[_Read]:
    files = [read_model_file(one.path) for one in planned]
    named = {str(path): report_format.read(path) for path in dict.fromkeys(p for one in planned for p in one.reports)}
    of_any = {name for file in files for name in reports_of(file, named)}
    for one, file in zip(planned, files, strict=True):
        own = reports_of(file, named)
        # A report of another file in the same run is no stranger: it proves that one.
        paths = [str(path) for path in one.reports]
        offered = {path: named[path] for path in paths if path in own or path not in of_any}
        yield _Read(one, file, offered, expected)


def _refuse_without_baseline(planned: Sequence[Planned], policy: Policy) -> None:
    growths = [growth for one in planned for growth in one.budget.growths]
    if growths and policy.baseline is None:
        first = growths[0]
        raise BudgetError(f"{first.where}: {first.name} is {first.written}, relative to no baseline: {_NAME_ONE}")


def _setting(config: Config, path: Path) -> BundleSetting:
    same = (one for one in config.bundles if one.path.absolute() == path.absolute())
    return replace(next(same, BundleSetting(path)), path=path)


def _planned(config: Config, setting: BundleSetting, reports: tuple[Path, ...], flags: Budget) -> Planned:
    budget = config.budget.overridden_by(setting.budget).overridden_by(flags)
    if not budget.in_force and not budget.growths:
        raise BudgetError(
            f"{setting.path} has no budget to hold: give --limit NAME=VALUE, or write one in {FILE_NAME}:\n\n{SNIPPET}"
        )
    beside = tuple(map(Path, reports_beside(str(setting.path))))
    named = reports or setting.reports
    found = named or tuple(path for path in beside if is_there(path))
    return Planned(setting.path, found, (named or beside)[0], budget, setting.where)
