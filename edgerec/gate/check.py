"""`check(file, reports, budget) -> Verdict`: every limit against what is read from the file and measured on devices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from device_tests.report import DeviceReport
from edgerec.config import FILE_NAME
from edgerec.gate.baseline import NOTHING, Accepted, Figure
from edgerec.gate.budget import Budget, Limit
from edgerec.gate.deciding import Decision, Relative, decided
from edgerec.gate.evidence import Evidence
from edgerec.gate.from_file import grown_tensors, largest_tensors, signature_check
from edgerec.gate.from_reports import ANYWHERE, Expected, Measured, reports_of
from edgerec.gate.growth import Growth
from edgerec.gate.policy import STRICT, Policy
from edgerec.gate.verdict import Check, Verdict
from edgerec.model_file import ModelFile
from edgerec.program import command

_EMULATED = "qemu:cortex-a72"  # any processor has counts; of this one a board is easily found
_NOISY = "the measured calls are too noisy to tell: measure more of them, on a quiet machine"


def check(
    file: ModelFile,
    reports: Mapping[str, DeviceReport],
    budget: Budget,
    *,
    expected: Expected = ANYWHERE,
    report_path: str | None = None,
    policy: Policy = STRICT,
    accepted: Accepted = NOTHING,
) -> Verdict:
    """Check one bundle or .tflite against a budget.

    Sizes, tensors and ops are read out of the .tflite each time. Latency, memory and quality come only from the
    reports (by name) whose digest is this file's; without one a limit is unproven. What a machine costs has one check a
    machine and runtime that measured it. Golden outputs that do not hold in any such report fail the verdict whatever
    the budget says. Limits relative to the baseline start from the figures in `accepted`, and `policy` says which
    undecided checks pass. `report_path` is where the `bench` line that would prove a limit should write.
    """
    own = reports_of(file, reports)
    judge = _Judge(Evidence(file, own, expected), report_path, policy, accepted)
    checks = [one for one in (signature_check(file),) if one is not None]
    limits = budget.in_force
    if any(report.golden is not None for report in own.values()) and all(one.name != "golden" for one in limits):
        limits = (Limit("golden", amount=True, where=""), *limits)
    for limit in limits:
        checks += [judge.absolute(limit, one) for one in judge.evidence.of(limit)]
    for growth in budget.growths:
        start = Limit(growth.name, 0.0, growth.where, on=growth.on)
        checks += [judge.relative(growth, start, one) for one in judge.evidence.of(start)]
    return Verdict(file.name, file.sha256, tuple(checks), _notes(own, reports))


def bench_line(file: ModelFile, expected: Expected, report_path: str | None = None, *, emulated: bool = False) -> str:
    """Give the command that measures this file, or has it counted, and writes a report that `check` finds."""
    words = ["bench", file.name, "--target", _EMULATED if emulated else "local"]
    if expected.runtime is not None:
        words += ["--runtime", expected.runtime]
    if expected.threads is not None:
        words += ["--threads", str(expected.threads)]
    measured, counted = reports_beside(file.name)
    return command([*words, "-o", counted if emulated else report_path or measured])


def reports_beside(name: str) -> tuple[str, str]:
    """Give where the reports of a file are looked for, the measured and the emulated one.

    They are `demo/gru.report.json` and `demo/gru.qemu.report.json` beside `demo/gru.edgerec`.
    """
    path = Path(name)
    return str(path.with_name(f"{path.stem}.report.json")), str(path.with_name(f"{path.stem}.qemu.report.json"))


@dataclass(frozen=True)
class _Judge:
    """All that a limit of one file is judged by."""

    evidence: Evidence
    report_path: str | None
    policy: Policy
    accepted: Accepted

    def absolute(self, limit: Limit, measured: Measured) -> Check:
        """Judge a limit by one reading."""
        return self._check(limit, measured, decided(limit.kind, limit.amount, measured.reading))

    def relative(self, growth: Growth, start: Limit, measured: Measured) -> Check:
        """Judge a limit relative to the baseline by one reading; without a figure there it is unproven."""
        figure = self._figure(start, measured)
        if figure is None:
            check = self._check(start, measured, Decision(None))
            if measured.reading.amount is not None:
                check = replace(check, reason=self._no_figure(start), remedy=self._update_line(growth))
            return replace(check, limit=None, written=growth.written)
        relative = Relative(growth, figure, self.policy.threshold)
        limit = replace(start, amount=relative.allowed(figure.amount))
        check = self._check(limit, measured, decided(limit.kind, limit.amount, measured.reading, relative))
        acceptance = self._update_line(growth, "--allow-growth") if check.held is False else ""
        return replace(check, written=growth.written, acceptance=acceptance)

    def _update_line(self, growth: Growth, *more: str) -> str:
        file = growth.where.rpartition(":")[0]
        config = ["--config", file] if file not in {"", FILE_NAME} else []
        return command(["check", self.evidence.file.name, *config, "--update-baseline", *more])

    def _figure(self, limit: Limit, measured: Measured) -> Figure | None:
        return self.accepted.figure(limit.name, measured.measurer)

    def _no_figure(self, limit: Limit) -> str:
        others = {one.measurer for one in self.accepted.figures if one.name == limit.name}
        of = f", only of {' and '.join(sorted(others))}" if others else ""
        return f"the baseline has no figure of it{of}"

    def _check(self, limit: Limit, measured: Measured, decision: Decision) -> Check:
        reading, reason = measured.reading, measured.reading.reason
        if decision.held and not measured.as_asked:
            decision, reason = Decision(None), f"no report on {self.evidence.expected} as the target asks"
        if decision.undecided == "inconclusive":
            reason = _NOISY
        packed = self.evidence.file.bundle is not None
        if reading.amount is None and not packed and limit.kind.evidence in {"golden", "quality"}:
            reason = "only a bundle carries users and golden outputs to measure it with"
        of_file = limit.kind.unit == "bytes" and limit.kind.evidence in {"file", "memory"}
        too_large = of_file and decision.held is False
        inside = self.evidence.inside
        figure = self._figure(limit, measured)
        return Check(
            name=limit.name,
            unit=limit.kind.unit,
            direction=limit.kind.direction,
            limit=limit.amount,
            measured=reading.amount,
            held=decision.held,
            provenance=reading.provenance,
            source=reading.source,
            where=limit.where,
            reason=reason,
            remedy=self._remedy(limit, measured, decision),
            largest=largest_tensors(limit.name, inside) if too_large else (),
            half=limit.half,
            interval=reading.interval,
            strict=limit.strict,
            undecided=decision.undecided,
            tolerated=decision.undecided in self.policy.tolerated,
            measurer=measured.measurer if measured.apart else "",
            baseline=None if figure is None else figure.amount,
            change=None if figure is None else self._change(reading.amount, figure),
            grew=grown_tensors(limit.name, inside, self.accepted.tensors) if too_large and figure is not None else (),
        )

    def _change(self, amount: object, figure: Figure) -> float | None:
        if not isinstance(amount, (int, float)) or not figure.amount:
            return None
        change = amount / figure.amount - 1
        return change if abs(change) > self.policy.threshold else None

    def _remedy(self, limit: Limit, measured: Measured, decision: Decision) -> str:
        file, evidence = self.evidence.file, limit.kind.evidence
        if decision.held or decision.undecided == "no evidence":
            return ""
        if measured.reading.remedy:
            return measured.reading.remedy
        needs_bundle = limit.name == "user_table" or evidence in {"golden", "quality"}
        if decision.held is None and file.bundle is None and needs_bundle:
            return command(["pack", file.name])
        if evidence == "file":
            return command(["inspect", file.name])
        if decision.held is False:
            return ""
        return bench_line(file, self.evidence.expected, self.report_path, emulated=evidence == "counts")


def _notes(own: Mapping[str, DeviceReport], reports: Mapping[str, DeviceReport]) -> tuple[str, ...]:
    strangers = [f"{name} is of another build and proves nothing here" for name in reports if name not in own]
    warnings = [f"{name}: {warning}" for name, report in own.items() for warning in report.warnings]
    return (*strangers, *warnings)
