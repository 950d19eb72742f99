import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.gate.growth import growth, is_relative
from edgerec.gate.quantity import QuantityError


@pytest.mark.parametrize(
    ("name", "written", "baseline", "allowed"),
    [
        ("app_bytes", "+2 %", 1000, 1020),
        ("app_bytes", "+20 KiB", 1000, 1000 + 20 * 1024),
        ("app_bytes", "ratchet", 1000, 1000),
        ("p50", "+0.5 ms", 1_000_000, 1_500_000),
        ("instructions", "+1 k", 5000, 6000),
        ("recall_at_10", "-1 %", 0.2, 0.198),
        ("tensors.items*", "+3%", 200, 206),
    ],
)
def test_what_a_figure_may_lose_to_the_baseline(name: str, written: str, baseline: float, allowed: float) -> None:
    assert growth(name, written, "").allowed(baseline) == pytest.approx(allowed)


def test_a_change_below_the_threshold_is_none_whatever_the_limit_says() -> None:
    assert growth("app_bytes", "ratchet", "").allowed(1000, 0.005) == 1005
    assert growth("app_bytes", "+2 %", "").allowed(1000, 0.005) == 1020
    assert growth("recall_at_10", "ratchet", "").allowed(0.2, 0.005) == pytest.approx(0.199)


@settings(deadline=None)
@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40))
def test_a_larger_baseline_never_allows_less(one: int, other: int) -> None:
    limit = growth("app_bytes", "+2 %", "")
    low, high = sorted((one, other))
    assert low <= limit.allowed(low) <= limit.allowed(high)


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("app_bytes", "-2 %", r"'-2 %', expected what it may lose to the baseline, such as \"\+2 %\""),
        ("recall_at_10", "+1 %", 'such as "-1 %"'),
        ("recall_at_10", "-1 KiB", "expected a share of the baseline's"),
        ("app_bytes", "+2 ms", "expected a size"),
        ("app_bytes", "+", "expected what it may lose"),
        ("recall_kept", "-1 %", "relative already"),
        ("flex", "ratchet", "expected a flag, which neither grows nor shrinks"),
        ("oldest_runtime", "+1 %", "expected a version"),
    ],
)
def test_what_is_no_growth_is_refused(name: str, written: str, sentence: str) -> None:
    with pytest.raises(QuantityError, match=sentence):
        growth(name, written, "")


def test_only_a_sign_or_the_word_is_relative() -> None:
    assert [is_relative(one) for one in ("+2 %", " -1 %", "ratchet", "420 KiB", 5, True, None)] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
