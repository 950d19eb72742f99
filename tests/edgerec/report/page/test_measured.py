"""The measured sections at their edges: figures that are all alike, zero, or of one call."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device_tests import report as report_format
from device_tests.bundle import decode, encode
from device_tests.report import DeviceReport
from edgerec.report.exhibit import read_exhibition
from edgerec.report.page.page import page

Change = Callable[[DeviceReport], DeviceReport]


def nobody_finds_anything(report: DeviceReport) -> DeviceReport:
    assert report.quality is not None
    return replace(report, quality=replace(report.quality, ranks=(40,) * len(report.quality.ranks)))


def one_call_in_no_time(report: DeviceReport) -> DeviceReport:
    assert report.latency is not None
    return replace(report, latency=replace(report.latency, warm_ns=(0,), invoke_ns=(0,)))


def nothing_of_memory_is_known(report: DeviceReport) -> DeviceReport:
    assert report.memory is not None
    unknown = dict.fromkeys(("private_load", "private_run", "mapped_load", "mapped_run", "peak"))
    return replace(report, memory=replace(report.memory, **unknown))


def memory_shrank(report: DeviceReport) -> DeviceReport:
    assert report.memory is not None
    return replace(report, memory=replace(report.memory, private_run=-4096, mapped_run=0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (nobody_finds_anything, "@10 0.0 % (0.0 to 0.0)"),
        (one_call_in_no_time, ">0 ns<"),
        (nothing_of_memory_is_known, ">unknown<"),
        (memory_shrank, "-4096 B"),
    ],
)
def test_a_page_is_made_and_says_it(
    change: Change, said: str, tiny_bundle: Path, tiny_members: dict[str, bytes], report_of: Callable[..., DeviceReport]
) -> None:
    report_format.write(tiny_bundle.with_name("tiny.report.json"), change(report_of(decode(encode(tiny_members)))))
    made = page(read_exhibition([tiny_bundle]))
    assert said in made
    assert "NaN" not in made
    assert "Infinity" not in made
