from edgerec.gate.ratchet import Moved
from edgerec.report.baseline_text import moved_text


def test_each_figure_that_moved_is_a_line_with_what_it_took_the_place_of() -> None:
    moved = (
        Moved("a.edgerec", "app_bytes", "", 430_080, 420_864),
        Moved("a.edgerec", "p50", "Cortex-A72", None, 2_000_000),
        Moved("evil\x1b[2J", "tensors", "", 4321, 4320),
    )
    assert moved_text(moved).split("\n") == [
        "baseline: a.edgerec app_bytes 420.0 KiB -> 411.0 KiB",
        "baseline: a.edgerec p50 on Cortex-A72 2.0 ms",
        "baseline: evil\\x1b[2J tensors 4321 -> 4320 (bytes)",
    ]
    assert moved_text(()) == "the baseline is as it was"
