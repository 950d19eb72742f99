"""Two models in turns, as text and as JSON with every raw call."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from device_tests.report import DeviceReport
from edgerec.interleaving import Interleaved
from edgerec.report.interleaved_text import interleaved_json, interleaved_text

MakeReport = Callable[..., DeviceReport]


def found(report: DeviceReport, old_ns: int, new_ns: int) -> Interleaved:
    def side(time_ns: int) -> tuple[DeviceReport, ...]:
        assert report.latency is not None
        calls = (time_ns, time_ns, time_ns + 1)
        return (replace(report, latency=replace(report.latency, warm_ns=calls, invoke_ns=calls)),) * 5

    return Interleaved(side(old_ns), side(new_ns))


@pytest.mark.parametrize(
    ("new_ns", "said"),
    [
        (11_000, "slower: the new model takes more than 2 % longer"),
        (9_000, "faster: the new model takes more than 2 % less"),
        (10_100, "no different: the two are within 2 % of each other"),
    ],
)
def test_the_ratio_stands_with_its_interval_and_what_it_tells(
    new_ns: int, said: str, tiny_tflite: bytes, report_of: MakeReport
) -> None:
    text = re.sub(" +", " ", interleaved_text(found(report_of(tiny_tflite), 10_000, new_ns)))
    assert said in text
    assert f"new / old {new_ns / 10_000:.3f}, 95 % interval" in text
    assert "old 5 15 10.0 us 10.0 us 10.0 us" in text


def test_a_warning_is_said_once_with_how_many_processes_gave_it(tiny_tflite: bytes, report_of: MakeReport) -> None:
    report = report_of(tiny_tflite, warnings=("the machine was not quiet: load average 1.23 on 2 cores",))
    assert "warning: the machine was not quiet (in 10 of 10 processes)" in interleaved_text(found(report, 10, 10))


def test_json_keeps_every_call_of_every_process(tiny_tflite: bytes, report_of: MakeReport) -> None:
    value = json.loads(json.dumps(interleaved_json(found(report_of(tiny_tflite), 10_000, 11_000))))
    assert value["outcome"] == "slower"
    assert value["old"]["calls_ns"] == [[10_000, 10_000, 10_001]] * 5
    assert value["ratio"]["low"] <= value["ratio"]["estimate"] <= value["ratio"]["high"]


def test_too_few_processes_are_told_without_a_ratio(tiny_tflite: bytes, report_of: MakeReport) -> None:
    few = Interleaved(found(report_of(tiny_tflite), 10_000, 10_000).old[:1], ())
    assert "no interval of fewer than 5 processes each" in interleaved_text(few)
    value = interleaved_json(few)
    assert (value["ratio"], value["outcome"]) == (None, "inconclusive")
    assert value["new"] == {"model_sha256": None, "calls_ns": []}
