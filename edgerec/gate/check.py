"""`check(file, reports, budget) -> Verdict`: every limit against what is read from the file and measured on devices."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from converters.anatomy import Anatomy, anatomy
from device_tests.report import DeviceReport
from edgerec.gate.budget import Budget, Limit
from edgerec.gate.from_file import Reading, largest_tensors, read_amount, signature_check
from edgerec.gate.from_reports import ANYWHERE, Conditions, Measured, measured_amounts, reports_of
from edgerec.gate.limit_kind import Amount, LimitKind
from edgerec.gate.quantity import version_key
from edgerec.gate.verdict import Check, Verdict
from edgerec.model_file import ModelFile
from edgerec.program import command

_EMULATED = "qemu:cortex-a72"  # any processor has counts; of this one a board is easily found


def check(
    file: ModelFile,
    reports: Mapping[str, DeviceReport],
    budget: Budget,
    *,
    conditions: Conditions = ANYWHERE,
    report_path: str | None = None,
) -> Verdict:
    """Check one bundle or .tflite against a budget.

    Sizes, tensors and ops are read out of the .tflite each time. Latency, memory and quality come only from the
    reports (by name) whose digest is this file's; without one a limit is unproven. What a machine costs has one check a
    machine and runtime that measured it. Golden outputs that do not hold in
    any such report fail the verdict whatever the budget says. `report_path` is where the `bench` line that would prove
    a limit should write.
    """
    own = reports_of(file, reports)
    inside = anatomy(file.tflite)
    checks = [one for one in (signature_check(file),) if one is not None]
    limits = budget.in_force
    if any(report.golden is not None for report in own.values()) and all(one.name != "golden" for one in limits):
        limits = (Limit("golden", amount=True, where=""), *limits)
    for limit in limits:
        if limit.kind.evidence == "file":
            checks.append(_file_check(limit, file, inside))
        else:
            remedy = bench_line(file, conditions, report_path, emulated=limit.kind.evidence == "counts")
            amounts = measured_amounts(limit, file, own, conditions)
            checks += [_report_check(limit, file, one, conditions, remedy) for one in amounts]
    return Verdict(file.name, file.sha256, tuple(checks), _notes(own, reports))


def bench_line(
    file: ModelFile, conditions: Conditions, report_path: str | None = None, *, emulated: bool = False
) -> str:
    """Give the command that measures this file, or has it counted, and writes a report that `check` finds."""
    words = ["bench", file.name, "--target", _EMULATED if emulated else "local"]
    if conditions.runtime is not None:
        words += ["--runtime", conditions.runtime]
    if conditions.threads is not None:
        words += ["--threads", str(conditions.threads)]
    measured, counted = reports_beside(file.name)
    return command([*words, "-o", counted if emulated else report_path or measured])


def reports_beside(name: str) -> tuple[str, str]:
    """Give where the reports of a file are looked for, the measured and the emulated one.

    They are `demo/gru.report.json` and `demo/gru.qemu.report.json` beside `demo/gru.edgerec`.
    """
    path = Path(name)
    return str(path.with_name(f"{path.stem}.report.json")), str(path.with_name(f"{path.stem}.qemu.report.json"))


def _file_check(limit: Limit, file: ModelFile, inside: Anatomy) -> Check:
    reading = read_amount(limit.name, file, inside)
    held = None if reading.amount is None else _holds(limit.kind, limit.amount, reading.amount)
    too_large = held is False and limit.kind.unit == "bytes"
    next_step = "pack" if held is None and limit.name == "user_table" else "inspect"
    remedy = "" if held else command([next_step, file.name])
    return _check(limit, reading, held, remedy=remedy, inside=inside if too_large else None)


def _report_check(limit: Limit, file: ModelFile, measured: Measured, conditions: Conditions, remedy: str) -> Check:
    reading = measured.reading
    if reading.amount is None and file.bundle is None and limit.kind.evidence in {"golden", "quality"}:
        reading = Reading(None, reason="only a bundle carries users and golden outputs to measure it with")
        remedy = command(["pack", file.name])
    held = _held(limit, reading)
    if held and not measured.as_asked:
        held = None
        reading = replace(reading, reason=f"no report on {conditions} as the target asks")
    inside = anatomy(file.tflite) if held is False and limit.kind.evidence == "memory" else None
    if held is not None or _no_evidence(reading):
        remedy = ""
    return replace(_check(limit, reading, held, remedy=remedy, inside=inside), measurer=measured.measurer)


def _check(limit: Limit, reading: Reading, held: bool | None, *, remedy: str, inside: Anatomy | None) -> Check:
    return Check(
        name=limit.name,
        unit=limit.kind.unit,
        direction=limit.kind.direction,
        limit=limit.amount,
        measured=reading.amount,
        held=held,
        provenance=reading.provenance,
        source=reading.source,
        where=limit.where,
        reason=reading.reason,
        remedy=remedy,
        largest=() if inside is None else largest_tensors(inside),
        half=limit.half,
        interval=None if reading.kept is None else reading.kept.interval,
        strict=limit.strict,
        undecided="no evidence" if _no_evidence(reading) else "unproven",
    )


def _held(limit: Limit, reading: Reading) -> bool | None:
    if reading.kept is not None:
        return {"held": True, "missed": False}.get(reading.kept.state)
    return None if reading.amount is None else _holds(limit.kind, limit.amount, reading.amount)


def _no_evidence(reading: Reading) -> bool:
    return reading.kept is not None and reading.kept.state == "no evidence"


def _holds(kind: LimitKind, limit: Amount, measured: Amount) -> bool:
    if isinstance(limit, str) or isinstance(measured, str):
        return version_key(str(measured)) <= version_key(str(limit))
    return measured <= limit if kind.direction == "at most" else measured >= limit


def _notes(own: Mapping[str, DeviceReport], reports: Mapping[str, DeviceReport]) -> tuple[str, ...]:
    strangers = [f"{name} is of another build and proves nothing here" for name in reports if name not in own]
    warnings = [f"{name}: {warning}" for name, report in own.items() for warning in report.warnings]
    return (*strangers, *warnings)
