"""What changed: differences with intervals where users are the same, none where machines are not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device_tests import bundle as bundle_format
from device_tests import report as report_format
from device_tests.bundle import decode, encode
from device_tests.report import DeviceReport
from edgerec.report.exhibit import Exhibit, read_exhibition
from edgerec.report.exhibit_changes import MEASURED_ON_ANOTHER, changes

Show = Callable[..., Exhibit]


@pytest.fixture
def show(tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]], report_of: Callable[..., DeviceReport]) -> Show:
    """Give the exhibit of a bundle with one report, changed by a function."""

    def make(name: str, change: Callable[[DeviceReport], DeviceReport], model: bytes | None = None) -> Exhibit:
        members = rebuilt({} if model is None else {bundle_format.MODEL: model}, name=name)
        bundle_format.write(tmp_path / f"{name}.edgerec", members)
        report_format.write(tmp_path / f"{name}.report.json", change(report_of(decode(encode(members)))))
        return read_exhibition([tmp_path / f"{name}.edgerec"]).exhibits[0]

    return make


def same(report: DeviceReport) -> DeviceReport:
    return report


def worse(report: DeviceReport) -> DeviceReport:
    assert report.quality is not None
    ranks = (40, *report.quality.ranks[1:])
    return replace(report, quality=replace(report.quality, ranks=ranks))


def elsewhere(report: DeviceReport) -> DeviceReport:
    return replace(report, board=replace(report.board, cpu="Cortex-A53"))


def test_a_difference_in_recall_is_that_of_the_means_with_an_interval_over_users(show: Show) -> None:
    old, new = show("old", same), show("new", worse)
    found = {one.name: one for one in changes(old, new)}["recall@10"]
    assert old.recall is not None
    assert new.recall is not None
    assert found.difference == pytest.approx(new.recall.estimate - old.recall.estimate)
    assert found.interval is not None
    assert found.interval.estimate == pytest.approx(found.difference)
    assert found.interval.low <= found.interval.estimate <= found.interval.high
    assert [Path(one).name for one in found.sources] == ["old.report.json", "new.report.json"]


def test_times_and_memory_of_different_machines_are_not_compared(show: Show) -> None:
    found = {one.name: one for one in changes(show("old", same), show("new", elsewhere))}
    for name in ("p50", "p95", "load", "private memory", "peak memory"):
        assert (found[name].difference, found[name].note) == (None, MEASURED_ON_ANOTHER)
    assert found["recall@10"].difference == 0
