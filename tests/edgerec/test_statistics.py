import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerec.statistics import Interval, SampleError, paired_bootstrap, ratio_bootstrap

VALUES = st.lists(st.floats(-10, 10).map(lambda value: round(value, 3)), min_size=1, max_size=30)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_of_a_mean_is_the_normal_one_for_many_users(confidence: float) -> None:
    values = np.random.default_rng(3).exponential(size=2000)
    half = values.std() / np.sqrt(len(values)) * {0.8: 1.2816, 0.95: 1.9600}[confidence]
    interval = paired_bootstrap(values, samples=20_000, seed=0, confidence=confidence)
    assert interval.estimate == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_the_interval_of_a_share_is_the_binomial_one() -> None:
    hits = np.repeat([1.0, 0.0], [30, 70])
    interval = paired_bootstrap(hits, samples=20_000, seed=0)
    assert (interval.low, interval.high) == pytest.approx((0.21, 0.39), abs=0.011)  # quantiles of Bin(100, 0.3) / 100


def test_the_interval_of_a_ratio_is_the_one_of_the_delta_method() -> None:
    generator = np.random.default_rng(4)
    below = generator.exponential(size=1000)
    above = 0.9 * below + generator.normal(scale=0.1, size=1000)
    ratio = above.mean() / below.mean()
    half = 1.96 * (above - ratio * below).std() / np.sqrt(1000) / below.mean()
    interval = ratio_bootstrap(above, below, samples=5_000, seed=0)
    assert interval.estimate == pytest.approx(ratio)
    assert (interval.low - ratio, interval.high - ratio) == pytest.approx((-half, half), rel=0.1)


def test_95_of_100_intervals_hold_the_truth() -> None:
    generator = np.random.default_rng(5)
    intervals = [paired_bootstrap(generator.normal(size=100), samples=400, seed=seed) for seed in range(300)]
    covered = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert 0.95 - 4 * 0.0126 < covered < 0.95 + 4 * 0.0126


@settings(deadline=None, max_examples=50)
@given(VALUES, st.integers(0, 9), st.floats(0.1, 8), st.floats(-5, 5))
def test_an_interval_moves_and_stretches_with_its_values(
    values: list[float], seed: int, scale: float, shift: float
) -> None:
    plain = paired_bootstrap(values, samples=50, seed=seed)
    moved = paired_bootstrap(np.array(values) * scale + shift, samples=50, seed=seed)
    assert min(values) - 1e-9 <= plain.low <= plain.high <= max(values) + 1e-9
    for one, other in ((plain.estimate, moved.estimate), (plain.low, moved.low), (plain.high, moved.high)):
        assert other == pytest.approx(one * scale + shift, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(VALUES, st.integers(0, 9))
def test_the_same_seed_gives_the_same_interval(values: list[float], seed: int) -> None:
    assert paired_bootstrap(values, samples=50, seed=seed) == paired_bootstrap(values, samples=50, seed=seed)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30), st.floats(0.1, 5))
def test_users_stay_paired(below: list[float], share: float) -> None:
    """What is the same share of every user's figure is known without doubt."""
    interval = ratio_bootstrap(np.array(below) * share, below, samples=50, seed=0)
    assert (interval.estimate, interval.low, interval.high) == pytest.approx((share, share, share))


@pytest.mark.parametrize("distinct", [3, 200])
def test_a_resample_counts_each_user_twice_or_not_at_all(distinct: int) -> None:
    """Few distinct values and many are summed in different ways, and come to what a sum over the users comes to."""
    generator, users, bits = np.random.default_rng(0), 200, random.Random(3)  # noqa: S311
    above, below = (generator.permuted(np.arange(users) % distinct) - 1.5 for _ in range(2))
    below += 300
    ratios = []
    for _ in range(100):
        chosen = bits.getrandbits(users)
        inside = np.array([chosen >> user & 1 for user in range(users)], bool)
        ratios.append(above[inside].sum() / below[inside].sum())
    interval = ratio_bootstrap(above, below, samples=100, seed=3)
    assert interval.low == pytest.approx(np.quantile(ratios, 0.025))
    assert interval.high == pytest.approx(np.quantile(ratios, 0.975))
    assert interval.estimate == pytest.approx(above.mean() / below.mean())


def test_a_resample_of_one_user_is_that_user() -> None:
    assert ratio_bootstrap([3.0], [4.0], samples=20, seed=0) == Interval(0.75, 0.75, 0.75)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [[1.0]], [float("inf")]])
def test_values_without_a_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(SampleError, match="one finite value a user"):
        paired_bootstrap(values, seed=0)


def test_a_share_of_nothing_is_refused() -> None:
    for below in ([0.0, 0.0], [0.0] * 99 + [1.0]):
        with pytest.raises(SampleError, match="0 for nearly all users"):
            ratio_bootstrap([1.0] * len(below), below, seed=0)
    with pytest.raises(SampleError, match=r"not 0, 0\.95"):
        paired_bootstrap([1.0], samples=0, seed=0)
    with pytest.raises(SampleError, match="one value a user on both sides"):
        ratio_bootstrap([1.0, 2.0], [1.0], seed=0)
