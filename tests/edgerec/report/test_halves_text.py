from edgerec.half_rates import HalfRate
from edgerec.report.halves_text import halves_text, halves_title
from edgerec.statistics import Interval


def test_one_line_has_both_rates_their_intervals_and_what_is_kept() -> None:
    halves = {
        "popular_half": HalfRate(900, Interval(0.512, 0.49, 0.53), Interval(0.981, 0.97, 0.99)),
        "unpopular_half": HalfRate(300, Interval(0.22, 0.2, 0.24), None),
    }
    assert halves_title(99, 10) == "hit rate at 10 of 1 among 99 of its own half:"
    assert halves_text(halves) == ("popular 0.512 (0.490-0.530), 98.1 % of float32's; unpopular 0.220 (0.200-0.240)")


def test_a_half_that_holds_nothing_out_says_so() -> None:
    halves = {"popular_half": HalfRate(9, Interval(1, 1, 1), None), "unpopular_half": HalfRate(0, None, None)}
    assert halves_text(halves).endswith("popular 1.000 (1.000-1.000); unpopular has no held-out item")
