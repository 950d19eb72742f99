"""The table of a fleet."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle
from device_tests.agreement import Agreement
from device_tests.report import DeviceReport, Quality
from edgerec.fleet_rows import FleetRow
from edgerec.report.console import Style
from edgerec.report.fleet_text import fleet_json, fleet_text, why_apart
from edgerec.report.quantities import share
from edgerec.two_runtimes import InBoth

SAME = Agreement(0.0, 1.0, True, 1.0, 0.01)


@pytest.fixture
def report(report_of: Callable[..., DeviceReport], tiny_bundle: Path) -> DeviceReport:
    return report_of(bundle.read(tiny_bundle))


@pytest.fixture
def beside(report: DeviceReport) -> Callable[[Agreement], InBoth]:
    lists = np.arange(4, dtype=np.int32).reshape(2, 2)
    return lambda agreement: InBoth((report, report), (lists, lists), agreement)


def cells(text: str, name: str) -> list[str]:
    """Split the line of a table that begins with a name."""
    (line,) = (one for one in text.splitlines() if one.startswith(f"{name}  "))
    return [one.strip() for one in line.split("  ") if one.strip()]


def test_each_target_has_a_row_and_what_failed_its_sentence(
    report: DeviceReport, beside: Callable[[Agreement], InBoth], tiny_quality: Quality
) -> None:
    rows = (
        FleetRow(("local",), report),
        FleetRow(("pi",), None, "pi: no route to host. Switch it on."),
        FleetRow(("phone",), report, beside=beside(SAME)),
    )
    recall = tiny_quality.metric("recall", 10)
    lines = fleet_text(rows).splitlines()
    assert lines[0].split()[:4] == ["target", "machine", "runtime", "golden"]
    assert cells(fleet_text(rows), "local")[1:5] == [
        "aarch64, Cortex-A72",
        "tflite-runtime 2.14.0",
        "held",
        share(recall),
    ]
    assert cells(fleet_text(rows), "local")[5:7] == ["50.0 us", "95.0 us"]
    assert cells(fleet_text(rows), "pi")[1] == "not measured"
    assert cells(fleet_text(rows), "phone")[-3:] == ["1.0000", "100.0 %", "yes"]
    assert lines[-1] == "pi: pi: no route to host. Switch it on."


def test_all_agree_is_said_where_all_were_compared_and_do(
    report: DeviceReport, beside: Callable[[Agreement], InBoth]
) -> None:
    first, other = FleetRow(("local",), report), FleetRow(("pi",), report, beside=beside(SAME))
    assert fleet_text((first, other)).endswith("\nall agree with local")
    for rows in (
        (first,),
        (first, other, FleetRow(("phone",), report)),
        (first, other, FleetRow(("x",), None, "gone")),
    ):
        assert "all agree" not in fleet_text(rows)


def test_an_emulated_target_has_no_latency_and_names_every_processor(report: DeviceReport) -> None:
    emulated = replace(report, provenance="emulated", latency=None, memory=None)
    row = FleetRow(("qemu:cortex-a53", "qemu:cortex-a72"), emulated)
    text = fleet_text((row,))
    assert [one.strip() for one in cells(text, "qemu:cortex-a53 = qemu:cortex-a72")][5:10] == [
        "emulated",
        "emulated",
        "-",
        "-",
        "-",
    ]


def test_a_latency_of_an_emulator_is_not_shown_even_where_a_report_has_one(report: DeviceReport) -> None:
    assert "us" not in cells(fleet_text((FleetRow(("q",), replace(report, provenance="emulated")),)), "q")[5]


def test_golden_outputs_that_do_not_hold_and_targets_that_disagree_are_said(
    report: DeviceReport, beside: Callable[[Agreement], InBoth]
) -> None:
    assert report.golden is not None
    bad = replace(report, golden=replace(report.golden, held=False, reason="overlap 0.1"))
    rows = (
        FleetRow(("local",), report),
        FleetRow(("pi",), bad, beside=beside(replace(SAME, largest_difference=0.02))),
    )
    text = fleet_text(rows)
    assert "pi: golden outputs do not hold: overlap 0.1" in text
    assert "pi: does not agree with local: scores differ by up to 2.0000 % of a user's range, 1 % allowed" in text
    assert "all agree" not in text
    assert "\x1b[31mpi: golden" in fleet_text(rows, Style(colour=True))


@pytest.mark.parametrize(
    ("agreement", "why"),
    [
        (replace(SAME, order_held=False), "lists differ among items whose scores are further apart than the tolerance"),
        (replace(SAME, overlap=0.9), "lists overlap by 0.9000"),
        (SAME, ""),
    ],
)
def test_why_two_do_not_agree(agreement: Agreement, why: str, beside: Callable[[Agreement], InBoth]) -> None:
    assert why_apart(FleetRow(("x",), None, beside=beside(agreement))) == why


def test_warnings_name_their_target_and_steer_no_terminal(report: DeviceReport) -> None:
    warned = replace(report, warnings=("throttled\x1b[2J",))
    assert "pi: warning: throttled\\x1b[2J" in fleet_text((FleetRow(("local",), report), FleetRow(("pi",), warned)))


def test_the_json_has_the_figures_and_where_each_report_lies(
    report: DeviceReport, beside: Callable[[Agreement], InBoth]
) -> None:
    rows = (FleetRow(("a", "b"), report, beside=beside(SAME)), FleetRow(("c",), None, "gone"))
    value = json.loads(json.dumps(fleet_json(rows, None, {"a": "out/a.report.json", "b": "out/b.report.json"})))
    first, second = value["targets"]
    assert first["reports"] == {"a": "out/a.report.json", "b": "out/b.report.json"}
    assert (first["agrees"], first["identical_lists"], first["figures"]["latency"]["p50_ns"]) == (True, 1.0, 50_000)
    assert (second["why"], second["figures"], second["reports"]) == ("gone", None, {"c": None})
