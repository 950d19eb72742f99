"""Which machine and runtime a figure is of: figures of different ones are judged apart, never as if they were one."""

from collections.abc import Mapping
from dataclasses import dataclass

from device_tests.report import DeviceReport


@dataclass(frozen=True)
class Measurer:
    """What has to be equal for two reports to be of one machine under one runtime; the system may be updated."""

    machine: str
    cpu: str
    cores: int
    memory_bytes: int | None
    provenance: str
    runtime: str
    runtime_version: str
    threads: int

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s'[: self.threads != 1]}"
        cpu = self.machine if self.cpu in {"", "unknown"} else self.cpu
        return f"{cpu}, {self.cores} core{'s'[: self.cores != 1]}, {self.runtime}=={self.runtime_version}, {threads}"


def measurer_of(report: DeviceReport) -> Measurer:
    """Give the machine and runtime of a report."""
    board = report.board
    return Measurer(
        board.machine,
        board.cpu,
        board.cores,
        board.memory_bytes,
        report.provenance,
        board.runtime,
        board.runtime_version,
        board.threads,
    )


def by_measurer(reports: Mapping[str, DeviceReport]) -> dict[Measurer, dict[str, DeviceReport]]:
    """Give the reports by the machine and runtime that they are of, in the order in which these first come."""
    found: dict[Measurer, dict[str, DeviceReport]] = {}
    for name, report in reports.items():
        found.setdefault(measurer_of(report), {})[name] = report
    return found
