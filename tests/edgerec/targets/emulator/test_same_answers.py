from collections.abc import Callable
from dataclasses import replace

from device_tests.counts import Count, Counts
from device_tests.report import DeviceReport
from edgerec.targets.emulator.same_answers import same_answers

COUNTS = Counts(Count(9, 9, 9), Count(8, 8, 8), (Count(7, 7, 7),), (), Count(1, 1, 1), "uniform")


def test_processors_that_count_and_answer_alike_are_one_group(
    report_of: Callable[..., DeviceReport], tiny_tflite: bytes
) -> None:
    board = report_of(tiny_tflite, provenance="emulated", latency=None, counts=COUNTS)
    assert board.memory is not None
    first = replace(board, memory=replace(board.memory, peak=None))
    alike = replace(first, board=replace(first.board, cpu="cortex-a53"), memory=None)
    dearer = replace(first, counts=replace(COUNTS, load=Count(10, 9, 9)))
    newer = replace(first, board=replace(first.board, runtime_version="2.17.0"))
    measured = report_of(tiny_tflite)
    reports = {
        "local": measured, "a72": first, "a76": dearer, "a53": alike, "newer": newer, "pi": measured,
        "board": board, "warned": replace(first, warnings=("quality is of a sample",)),
    }  # fmt: skip
    groups = same_answers(reports)
    assert groups == (("local",), ("a72", "a53"), ("a76",), ("newer",), ("pi",), ("board",), ("warned",))


def test_nothing_is_no_group() -> None:
    assert same_answers({}) == ()
