"""What a file asks of one runtime and may not get: findings by that runtime's tables."""

from dataclasses import dataclass
from pathlib import Path

from converters import runtime_table, tflite_file
from converters.contract import contract, findings_by_table
from converters.finding import Finding
from converters.runtime_table import RuntimeTable, tables_of
from converters.tflite_file import TfliteFile
from device_tests import bundle as bundle_format
from device_tests.files import refuse_other_than_file
from edgerec.errors import EdgerecError

_ZIP = b"PK\x03\x04"


class ContractError(EdgerecError):
    """A file or a table that cannot be read, or a replay that was asked of a file without golden outputs."""


@dataclass(frozen=True)
class Subject:
    """A .tflite whose contract is looked at, and the runtime that its bundle is for, "" for a bare .tflite."""

    path: Path
    tflite: TfliteFile
    runtime: str


@dataclass(frozen=True)
class Asked:
    """Which table was asked: the runtime, the platform and the day of each."""

    runtime: str
    platform: str
    date: str


@dataclass(frozen=True)
class Contract:
    """What a file asks of a runtime, true where nothing of it is an error; `replayed` says whether it was run there."""

    subject: str
    runtime: str
    tables: tuple[Asked, ...]
    findings: tuple[Finding, ...]
    replayed: bool = False

    def __bool__(self) -> bool:
        return all(one.level != "error" for one in self.findings)


def read_subject(path: Path) -> Subject:
    """Read a .tflite, mapped and not copied, or a bundle. Raises ContractError, TfliteError, BundleError."""
    try:
        refuse_other_than_file(path)
        with path.open("rb") as file:
            start = file.read(len(_ZIP))
    except OSError as why:
        raise ContractError(f"{path}: cannot be read: {why.strerror}.") from why
    if start != _ZIP:
        return Subject(path, tflite_file.read(path), "")
    bundle = bundle_format.read(path)
    return Subject(path, tflite_file.parse(bundle.model, f"{path} app/model.tflite"), bundle.manifest.runtime)


def read_table(path: Path) -> RuntimeTable:
    """Read a table that `edgerec contract --probe` wrote. Raises ContractError, TableError."""
    try:
        refuse_other_than_file(path)
        return runtime_table.parse(path.read_bytes(), str(path))
    except OSError as why:
        raise ContractError(f"{path}: cannot be read: {why.strerror}.") from why


def judged(subject: Subject, runtime: str, table: RuntimeTable | None = None) -> Contract:
    """Judge a file by the tables of `runtime` that come with edgerec, or by one other `table`, whatever it is of.

    Raises TableError where there is none of the runtime.
    """
    if table is not None:
        findings = findings_by_table(subject.tflite, (table,))
        return Contract(str(subject.path), table.runtime, (_asked(table),), findings)
    findings = contract(subject.tflite, runtime)
    return Contract(str(subject.path), runtime, tuple(map(_asked, tables_of(runtime))), findings)


def _asked(table: RuntimeTable) -> Asked:
    return Asked(table.runtime, table.platform, table.date)
