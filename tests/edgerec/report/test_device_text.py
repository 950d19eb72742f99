import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from device_tests.bundle import decode, encode
from device_tests.evaluation import Baseline
from device_tests.report import DeviceReport
from edgerec.report.device_figures import figures_of
from edgerec.report.device_text import device_json, device_text

MakeReport = Callable[..., DeviceReport]


def squeezed(text: str) -> str:
    """Make each run of spaces one, so that a test holds words and figures, not widths."""
    return re.sub(r" +", " ", text)


def test_every_part_of_a_report_is_shown_with_its_unit(tiny_members: dict[str, bytes], report_of: MakeReport) -> None:
    report = report_of(decode(encode(tiny_members)), warnings=("the machine was not quiet",))
    text = squeezed(device_text(figures_of(report)))
    assert text.startswith("measured: tflite-runtime==2.14.0, 1 thread; Cortex-A72, 4 cores; Linux 6.1")
    for line in ("recall@10", "coverage@10", "tail", "first call", "harness adds", "private, this process alone"):
        assert line in text
    assert "p50 50.0 us" in text
    assert "292.97" not in text
    assert "293.0 KiB" in text
    assert "warning: the machine was not quiet" in text
    assert "NOT HELD" not in text
    for line in (
        "load 400.0 us page faults: 120 minor, 0 major",
        "p50 50.0 us invoke alone 49.5 us",
        "harness adds 300 ns to invoke alone 100 ns",
        "governor performance performance",
        "temperature 48 degrees C 52 degrees C 48 to 52 degrees C",
        "under-voltage no no",
    ):
        assert line in text
    assert "screen" not in text


def test_hit_rates_among_candidates_are_a_line_with_what_is_kept_of_float32s(
    tiny_members: dict[str, bytes], report_of: MakeReport
) -> None:
    report = report_of(decode(encode(tiny_members)))
    quality = report.quality
    assert quality is not None
    assert "of its own half" not in device_text(figures_of(report))
    few = tuple(min(2, rank) for rank in quality.ranks)
    segments = {**quality.segments, "popular_half": tuple(range(len(few))), "unpopular_half": ()}
    ranked = replace(quality, segments=segments, negatives=11, candidate_ranks=few)
    float32 = Baseline(np.array(quality.ranks, np.int32), np.array(few, np.int32))
    figures = figures_of(replace(report, quality=ranked), float32)
    assert (
        "  hit rate at 10 of 1 among 11 of its own half: popular 1.000 (1.000-1.000), 100.0 % of float32's; "
        "unpopular has no held-out item\n"
    ) in device_text(figures)
    value = json.loads(json.dumps(device_json(figures, None)))["quality"]
    assert value["negatives"] == 11
    assert value["halves"]["popular_half"]["rate"] == {"estimate": 1.0, "low": 1.0, "high": 1.0}
    assert value["halves"]["unpopular_half"] == {"held_out": 0, "rate": None, "kept": None}


def test_golden_that_does_not_hold_says_why(tiny_members: dict[str, bytes], report_of: MakeReport) -> None:
    report = report_of(decode(encode(tiny_members)))
    assert report.golden is not None
    broken = replace(report, golden=replace(report.golden, held=False, reason="overlap 0.001"))
    assert "NOT HELD: overlap 0.001" in device_text(figures_of(broken))


def test_parts_that_were_not_run_are_left_out_and_unknown_is_no_zero(tiny_tflite: bytes, report_of: MakeReport) -> None:
    report = report_of(tiny_tflite, latency=None)
    assert report.memory is not None
    text = device_text(figures_of(replace(report, memory=replace(report.memory, private_run=None))))
    assert "latency" not in text
    assert "quality" not in text
    assert "unknown" in text


def test_json_has_the_figures_and_where_the_raw_values_lie(
    tiny_members: dict[str, bytes], report_of: MakeReport
) -> None:
    report = report_of(decode(encode(tiny_members)))
    value = json.loads(json.dumps(device_json(figures_of(report), "r.json")))
    assert value["report"] == "r.json"
    assert value["latency"]["p50_ns"] == 50_000
    interval = value["quality"]["metrics"]["recall"]
    assert interval["low"] <= interval["estimate"] <= interval["high"]
    assert set(value["quality"]["segments"]) == {"head", "tail"}


def test_coverage_after_dropping_is_of_the_whole_catalogue(
    tiny_members: dict[str, bytes], report_of: MakeReport
) -> None:
    report = report_of(decode(encode(tiny_members)))
    quality = report.quality
    assert quality is not None
    few = replace(quality, dropped=40, ranks=(41, 41, *quality.ranks[2:]))
    figures = figures_of(replace(report, quality=few))
    assert figures.quality is not None
    assert (figures.quality.dropped, figures.quality.held_out_dropped) == (40, 2)
    whole = figures_of(report).quality
    assert whole is not None
    assert figures.quality.coverage == whole.coverage / 2
    assert "of 80 items" in squeezed(device_text(figures))
