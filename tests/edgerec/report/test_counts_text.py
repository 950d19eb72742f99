from dataclasses import replace

from device_tests.counts import Count, Counts
from edgerec.report.counts_text import counts_text
from edgerec.report.device_figures import CountFigures, figures_of

CALLS = (Count(1_000_300, 2048, 1024), Count(1_000_100, 2048, 1024), Count(1_000_200, 4096, 1024))
COUNTS = Counts(
    Count(5_000_000, 1 << 20, 10), Count(9, 9, 9), CALLS, (Count(140_000, 99, 9),), Count(1, 1, 1), "eval set"
)


def figures(report_of, tiny_tflite: bytes, counts: Counts) -> CountFigures:
    found = figures_of(report_of(tiny_tflite, provenance="emulated", latency=None, counts=counts)).counts
    assert found is not None
    return found


def test_counts_are_whole_numbers_by_phase_with_their_spread(report_of, tiny_tflite: bytes) -> None:
    text = counts_text(figures(report_of, tiny_tflite, COUNTS))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines == [
        "instructions read written",
        "load 5,000,000 1.0 MiB 10 B",
        "first call 9 9 B 9 B",
        "a call, the median 1,000,200 4.0 KiB 1.0 KiB",
        "its top k, the median 140,000 99 B 9 B",
        "3 calls of one user each, 1,000,100 to 1,000,300 instructions; ids from: eval set",
    ]


def test_calls_that_are_all_alike_say_so_and_a_bare_file_has_no_top_k(report_of, tiny_tflite: bytes) -> None:
    text = counts_text(figures(report_of, tiny_tflite, replace(COUNTS, invoke=CALLS[:1] * 4, top_k=())))
    assert "top k" not in text
    assert text.splitlines()[-1].strip() == "4 calls of one user each, all alike; ids from: eval set"
