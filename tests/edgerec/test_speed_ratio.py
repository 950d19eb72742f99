"""The ratio of two models' times: what synthetic processes of a known ratio tell, and what too few of them do not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerec.speed_ratio import outcome_of, speed_ratio
from edgerec.statistics import Interval, SampleError


def processes(
    factor: float, seed: int, *, spread: float = 0.005, count: int = 7, calls: int = 60, noise: float = 0.03
) -> list[list[int]]:
    """Draw calls around a time of each process's own: `spread` between processes, `noise` within them."""
    random = np.random.default_rng(seed)
    own = 100_000 * factor * np.exp(spread * random.normal(size=count))
    return [np.maximum(1, one * np.exp(noise * random.exponential(size=calls))).astype(int).tolist() for one in own]


def test_a_known_ratio_is_found_and_lies_in_its_interval() -> None:
    for seed in range(5):
        ratio = speed_ratio(processes(1, seed), processes(1.1, 100 + seed), seed=seed, samples=300)
        assert ratio.low <= 1.1 <= ratio.high
        assert ratio.estimate == pytest.approx(1.1, abs=0.02)
        assert outcome_of(ratio) == "slower"
        back = speed_ratio(processes(1.1, 100 + seed), processes(1, seed), seed=seed, samples=300)
        assert outcome_of(back) == "faster"


def test_processes_that_differ_widen_the_interval_and_calls_that_do_hardly() -> None:
    """A median over thousands of calls would be sure of itself, and there are only seven processes."""

    def width(seed: int, spread: float) -> float:
        ratio = speed_ratio(
            processes(1, seed, spread=spread), processes(1, 50 + seed, spread=spread), seed=0, samples=300
        )
        return ratio.high - ratio.low

    assert min(width(seed, 0.05) for seed in range(3)) > 3 * max(width(seed, 0) for seed in range(3))


def test_the_same_processes_are_no_different_and_noisy_ones_are_seldom_called_so() -> None:
    quiet = [
        outcome_of(speed_ratio(processes(1, s, spread=0.002), processes(1, 500 + s, spread=0.002), seed=0, samples=200))
        for s in range(10)
    ]
    assert quiet == ["no different"] * 10
    noisy = [
        outcome_of(speed_ratio(processes(1, s, spread=0.04), processes(1, 500 + s, spread=0.04), seed=0, samples=200))
        for s in range(40)
    ]
    assert sum(one in ("slower", "faster") for one in noisy) <= 1
    assert "inconclusive" in noisy


@given(seed=st.integers(0, 99), scale=st.sampled_from([3, 7, 1000]))
def test_a_ratio_does_not_change_with_the_unit_of_time(seed: int, scale: int) -> None:
    old, new = processes(1, seed, count=5, calls=8), processes(1.05, 99 - seed, count=5, calls=8)
    scaled = [[[scale * time for time in process] for process in side] for side in (old, new)]
    first = speed_ratio(old, new, seed=1, samples=30)
    second = speed_ratio(*scaled, seed=1, samples=30)
    assert second.estimate == pytest.approx(first.estimate)
    assert (second.low, second.high) == (pytest.approx(first.low), pytest.approx(first.high))


@given(times=st.lists(st.lists(st.integers(1, 10**9), min_size=1, max_size=5), min_size=5, max_size=7))
def test_an_interval_holds_its_estimate_and_comes_again_from_the_same_seed(times: list[list[int]]) -> None:
    found = speed_ratio(times, times, seed=3, samples=20)
    assert found.low <= found.estimate == 1 <= found.high
    assert found == speed_ratio(times, times, seed=3, samples=20)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (1.021, 1.3, "slower"),
        (1.02, 1.3, "inconclusive"),
        (0.5, 0.979, "faster"),
        (0.5, 0.98, "inconclusive"),
        (0.98, 1.02, "no different"),
        (0.97, 1.01, "inconclusive"),
        (0.9, 1.1, "inconclusive"),
    ],
)
def test_a_difference_lies_beyond_two_percent_with_all_of_its_interval(low: float, high: float, outcome: str) -> None:
    assert outcome_of(Interval((low + high) / 2, low, high)) == outcome


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([[1]] * 4, "at least 5 processes a side, not 4"),
        ([[1]] * 5 + [[]], "calls of more than 0 ns"),
        ([[0]] * 5, "calls of more than 0 ns"),
    ],
)
def test_what_has_no_interval_is_refused(times: list[list[int]], said: str) -> None:
    with pytest.raises(SampleError, match=said):
        speed_ratio([[1]] * 5, times, seed=0)
