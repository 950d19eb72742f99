"""What files and reports are called."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from device_tests import report as report_format
from device_tests.bundle import decode, encode
from device_tests.report import DeviceReport
from edgerec.report.exhibit import Exhibition, read_exhibition
from edgerec.report.page.sources import named


def test_files_are_letters_and_reports_are_numbered(
    tiny_bundle: Path, tiny_members: dict[str, bytes], report_of: Callable[..., DeviceReport]
) -> None:
    for place, name in enumerate(("one.json", "two.json")):
        report = report_of(decode(encode(tiny_members)), warnings=(str(place),))
        report_format.write(tiny_bundle.with_name(name), report)
    found = read_exhibition([tiny_bundle], [tiny_bundle.with_name("one.json"), tiny_bundle.with_name("two.json")])
    (only,) = named(found)
    assert (only.title, [name for name, _ in only.reports]) == ("A tiny.edgerec", ["A1", "A2"])


def test_letters_go_on_behind_z_and_folders_tell_equal_names_apart(tiny_bundle: Path) -> None:
    one = read_exhibition([tiny_bundle]).exhibits[0]
    other = replace(one, inspection=replace(one.inspection, name="elsewhere/other.edgerec"))
    many = named(Exhibition((one,) * 26 + (other,) * 2, None, ()))
    assert [each.letter for each in (many[0], many[25], many[26], many[27])] == ["A", "Z", "AA", "AB"]
    assert many[26].name == "elsewhere/other.edgerec"
    assert named(Exhibition((one, other), None, ()))[1].name == "other.edgerec"
