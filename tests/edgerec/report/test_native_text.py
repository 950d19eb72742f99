import json
from collections.abc import Callable
from dataclasses import replace

from device_tests.bundle import decode, encode
from device_tests.report import DeviceReport
from edgerec.report.device_figures import figures_of
from edgerec.report.native_text import native_json, native_text
from edgerec.targets.native import NativeFigures

NATIVE = NativeFigures(4_500_000, 2_001_000, 1_512_500, 61_300, 12_000, 650, 2_621_440, 7_077_888, None)


def test_both_programs_figures_stand_in_one_row_and_what_neither_says_in_none(
    tiny_members: dict[str, bytes], report_of: Callable[..., DeviceReport]
) -> None:
    figures = figures_of(report_of(decode(encode(tiny_members))))
    rows = [" ".join(line.split()) for line in native_text(NATIVE, figures).splitlines()]
    assert "warm call 61.3 us +- 12.0 us (mean) 50.0 us (p50)" in rows
    assert any(row.startswith("grown by, after all calls 6.8 MiB ") for row in rows)
    alone = native_text(replace(NATIVE, overall_bytes=None), replace(figures, memory=None, latency=None))
    assert "after all calls" not in alone
    assert "p50" not in alone


def test_json_has_its_figures_only_where_it_was_run() -> None:
    assert json.loads(json.dumps(native_json(NATIVE)))["native"]["average_ns"] == 61_300
    assert native_json(None) == {}
