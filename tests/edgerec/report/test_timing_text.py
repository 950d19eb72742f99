"""Speed as text: fresh processes, threads, a sustained run, the weight cache, a phone's screen."""

import re
from collections.abc import Callable
from dataclasses import replace

from device_tests.conditions import Conditions
from device_tests.measurement import Second, Start, Storage, Sustained
from device_tests.report import DeviceReport
from edgerec.report.device_figures import figures_of
from edgerec.report.device_text import device_text

MakeReport = Callable[..., DeviceReport]


def text_of(report: DeviceReport) -> str:
    return re.sub(r" +", " ", device_text(figures_of(report)))


def test_loads_of_several_processes_are_their_median_and_their_range(tiny_tflite: bytes, report_of: MakeReport) -> None:
    report = report_of(tiny_tflite)
    assert report.latency is not None
    starts = (*report.latency.starts, Start(300_000, 80_000, None, None), Start(900_000, 70_000, None, None))
    text = text_of(replace(report, latency=replace(report.latency, starts=starts)))
    assert "load 400.0 us 3 fresh processes: 300.0 us to 900.0 us; page faults: 120 minor, 0 major" in text
    assert "first call 80.0 us 3 fresh processes: 70.0 us to 90.0 us" in text


def test_other_numbers_of_threads_are_rows_of_one_table(tiny_tflite: bytes, report_of: MakeReport) -> None:
    report = report_of(tiny_tflite)
    assert report.latency is not None
    two = replace(report.latency, threads=2, warm_ns=tuple(one // 2 for one in report.latency.warm_ns))
    text = text_of(replace(report, more_threads=(two,)))
    assert "threads load first call p50 p95 p99" in text
    assert "1 400.0 us 90.0 us 50.0 us 95.0 us 99.0 us" in text
    assert "2 400.0 us 90.0 us 25.0 us 47.5 us 49.5 us" in text


def test_the_first_minute_stands_beside_the_last_with_their_heat(tiny_tflite: bytes, report_of: MakeReport) -> None:
    report = report_of(tiny_tflite)
    assert report.conditions is not None
    quiet = report.conditions.before
    seconds = tuple(Second(at * 10**9, 1000, (1000 + 10 * at,)) for at in range(150))
    moments = [
        replace(quiet, phase="sustained", at_ns=second.at_ns, temperature_c=40.0 + at / 10)
        for at, second in enumerate(seconds)
    ]
    conditions = Conditions((quiet, *moments, report.conditions.after), "on")
    text = text_of(replace(report, sustained=Sustained(seconds), conditions=conditions))
    assert "of 150 seconds first minute last minute" in text
    assert "calls 60,000 60,000" in text
    assert "p50 1.3 us 2.2 us" in text
    assert "hottest 46 degrees C 55 degrees C" in text
    assert "screen on" in text


def test_a_weight_cache_counts_as_storage(tiny_tflite: bytes, report_of: MakeReport) -> None:
    text = text_of(report_of(tiny_tflite, storage=Storage(1 << 20, 1 << 19, 5_000_000)))
    assert "1.5 MiB: model 1.0 MiB, weight cache 512.0 KiB, made once in 5.0 ms" in text
