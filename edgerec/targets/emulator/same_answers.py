"""Emulated processors that answer alike: the same counts, the same golden result, every rank the same."""

from collections.abc import Mapping
from dataclasses import replace

from device_tests.report import DeviceReport

EMULATED = "emulated"


def same_answers(reports: Mapping[str, DeviceReport]) -> tuple[tuple[str, ...], ...]:
    """Return the names of the reports in groups, in the order of the first of each.

    Emulated reports that differ in nothing but the machine and its memory are one group. A measured one stands alone,
    for its time, and so does that of a whole board, whose memory is true: it has a peak.
    """
    groups: list[tuple[DeviceReport, list[str]]] = []
    for name, report in reports.items():
        alike = (names for other, names in groups if _answers(other) == _answers(report))
        found = next(alike, None) if report.provenance == EMULATED else None
        if found is None:
            groups.append((report, [name]))
        else:
            found.append(name)
    return tuple(tuple(names) for _, names in groups)


def _answers(report: DeviceReport) -> DeviceReport:
    """Return what the harness said, without the machine that it said it on but with the runtime."""
    board = replace(report.board, machine="", system="", release="", cpu="", cores=0, memory_bytes=None)
    memory = report.memory if report.memory is not None and report.memory.peak is not None else None
    return replace(report, board=board, memory=memory, conditions=None)
