from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.gate.baseline import Figure
from edgerec.gate.deciding import Decision, Relative, decided
from edgerec.gate.from_file import Reading
from edgerec.gate.growth import growth
from edgerec.gate.limit_kind import limit_kind
from edgerec.statistics import Interval

P50, RECALL = limit_kind("p50"), limit_kind("recall_at_10")
ORDER = {False: 0, None: 1, True: 2}
AMOUNTS = st.integers(1, 10**6)


def around(amount: int, less: int, more: int) -> Reading:
    return Reading(amount, interval=Interval(amount, max(0, amount - less), amount + more))


@settings(deadline=None)
@given(AMOUNTS, st.integers(0, 10**5), st.integers(0, 10**5), AMOUNTS, AMOUNTS)
def test_a_looser_limit_is_never_worse(amount: int, less: int, more: int, one: int, other: int) -> None:
    tight, loose = sorted((one, other))
    held = [ORDER[decided(P50, limit, around(amount, less, more)).held] for limit in (tight, loose)]
    assert held == sorted(held)


@settings(deadline=None)
@given(AMOUNTS, st.integers(0, 10**5), st.integers(0, 10**5), AMOUNTS)
def test_doubt_makes_a_decision_open_and_never_the_opposite(amount: int, less: int, more: int, limit: int) -> None:
    sure = decided(P50, limit, Reading(amount))
    unsure = decided(P50, limit, around(amount, less, more))
    assert sure.held is not None
    assert unsure.held in {sure.held, None}
    assert unsure.held is not None or unsure.undecided == "inconclusive"


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_best_when_it_is_large_holds_from_its_limit_on(amount: float, limit: float) -> None:
    assert decided(RECALL, limit, Reading(amount)).held is (amount >= limit)


@settings(deadline=None)
@given(AMOUNTS, AMOUNTS)
def test_an_exact_figure_holds_where_the_baseline_allows_it(before: int, now: int) -> None:
    size = limit_kind("app_bytes")
    start = Figure("app_bytes", "", before, (), "", "", "")
    relative = Relative(growth("app_bytes", "+5 %", ""), start, 0.0)
    assert decided(size, 0, Reading(now), relative).held is (100 * (now - before) <= 5 * before)


def test_versions_compare_by_their_numbers_and_nothing_is_no_decision() -> None:
    runtime = limit_kind("oldest_runtime")
    assert decided(runtime, "2.14.0", Reading("2.3.0")) == Decision(True)
    assert decided(runtime, "2.3.0", Reading("2.14.0")) == Decision(False)
    assert decided(P50, 5, Reading(None)) == Decision(None, "unproven")
