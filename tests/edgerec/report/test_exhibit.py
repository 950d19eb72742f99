"""What is known of files: their own reports only, and the baseline among them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device_tests import bundle as bundle_format
from device_tests import report as report_format
from device_tests.bundle import decode, encode
from device_tests.errors import HarnessError
from device_tests.report import DeviceReport
from edgerec.errors import EdgerecError
from edgerec.report.exhibit import ExhibitError, read_exhibition

MakeReport = Callable[..., DeviceReport]


def test_reports_that_lie_beside_a_file_are_its_own_and_others_are_strangers(
    tiny_bundle: Path, tiny_members: dict[str, bytes], report_of: MakeReport
) -> None:
    report = report_of(decode(encode(tiny_members)))
    report_format.write(tiny_bundle.with_name("tiny.report.json"), report)
    other = replace(report, bundle_sha256="0" * 64)
    report_format.write(tiny_bundle.with_name("other.report.json"), other)
    found = read_exhibition([tiny_bundle], [tiny_bundle.with_name("other.report.json")])
    (exhibit,) = found.exhibits
    assert [one.report for one in exhibit.measurements] == [report]
    assert [Path(one).name for one in found.strangers] == ["other.report.json"]
    assert exhibit.recall == exhibit.measurements[0].figures.quality.metrics["recall"]  # type: ignore[union-attr]


def test_a_sample_of_users_and_an_emulator_prove_neither_recall_nor_time(
    tiny_bundle: Path, tiny_members: dict[str, bytes], report_of: MakeReport
) -> None:
    report = report_of(decode(encode(tiny_members)))
    assert report.quality is not None
    sampled = replace(report.quality, sample_of=500)
    emulated = replace(report, provenance="emulated", quality=sampled)
    report_format.write(tiny_bundle.with_name("tiny.qemu.report.json"), emulated)
    (exhibit,) = read_exhibition([tiny_bundle]).exhibits
    assert len(exhibit.measurements) == 1
    assert (exhibit.recall, exhibit.timed, exhibit.weighed) == (None, (), ())


def test_the_baseline_comes_first_or_is_the_file_that_it_equals(tiny_bundle: Path, rebuilt: MakeReport) -> None:
    other = tiny_bundle.with_name("other.edgerec")
    bundle_format.write(other, rebuilt(name="other"))  # type: ignore[arg-type]
    found = read_exhibition([tiny_bundle], baseline=other)
    assert ([Path(one.inspection.name).stem for one in found.exhibits], found.baseline) == (["other", "tiny"], 0)
    same = tiny_bundle.with_name("same.edgerec")
    same.write_bytes(tiny_bundle.read_bytes())
    found = read_exhibition([other, tiny_bundle], baseline=same)
    assert ([Path(one.inspection.name).stem for one in found.exhibits], found.baseline) == (["other", "tiny"], 1)


def test_a_file_that_is_named_twice_is_shown_once(tiny_bundle: Path) -> None:
    assert len(read_exhibition([tiny_bundle, tiny_bundle]).exhibits) == 1


def test_nothing_and_what_is_no_report_are_refused(tiny_bundle: Path) -> None:
    with pytest.raises(ExhibitError, match="name a bundle"):
        read_exhibition([])
    with pytest.raises((EdgerecError, HarnessError), match=r"gone\.json"):
        read_exhibition([tiny_bundle], [tiny_bundle.with_name("gone.json")])
