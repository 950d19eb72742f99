"""What a file asks of the runtime that it ships on, finding by finding, for the limit `contract`."""

from collections.abc import Collection

from converters.contract import contract
from converters.errors import TableError
from converters.finding import Finding
from converters.runtime_table import tables_of
from device_tests.report import DeviceReport
from edgerec.gate.from_file import Reading
from edgerec.gate.from_reports import Expected
from edgerec.model_file import ModelFile
from edgerec.program import command

_ASKED = "asked of the runtime"


def contract_readings(file: ModelFile, reports: Collection[DeviceReport], expected: Expected) -> tuple[Reading, ...]:
    """Give one reading for each finding that is an error, or a single one of a file without any.

    The runtime is the expected one, else the bundle's own. What no table knows is unproven, unless golden
    outputs held in that very runtime.
    """
    runtime = expected.runtime or (file.bundle and file.bundle.manifest.runtime)
    if not runtime:
        reason = "no runtime is named that it ships on"
        return (Reading(None, reason=reason, remedy='write runtime = "NAME==VERSION" under [target]'),)
    try:
        findings = contract(file.tflite, runtime)
    except TableError as why:
        return (Reading(None, reason=str(why)),)
    errors = [one for one in findings if one.level == "error"]
    unknown = [one for one in findings if one.level == "unknown"]
    if errors:
        return tuple(_reading(one, amount=False) for one in errors)
    if unknown and not _held_in(runtime, reports):
        return tuple(_reading(one, amount=None, remedy=_replay(file, runtime)) for one in unknown)
    (table, *_) = tables_of(runtime)
    return (Reading(amount=True, provenance=_ASKED, source=f"{runtime} on {table.platform}, {table.date}"),)


def _held_in(runtime: str, reports: Collection[DeviceReport]) -> bool:
    return any(Expected(runtime).met_by(one) and one.golden is not None and one.golden.held for one in reports)


def _replay(file: ModelFile, runtime: str) -> str:
    return command(["bench", file.name, "--target", "local", "--runtime", runtime])


def _reading(one: Finding, *, amount: bool | None, remedy: str = "") -> Reading:
    evidence = one.evidence
    asked = ", ".join(part for part in (evidence.platform, evidence.date) if part)
    source = f"{evidence.runtime} on {asked}" if evidence.runtime else ""
    reason = f"{one.rule}: {one.op}: {evidence.seen}"
    return Reading(amount, _ASKED if source else "read from the file", source, reason, remedy=remedy or one.remedy)
