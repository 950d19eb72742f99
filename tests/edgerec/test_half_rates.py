"""Hit rates of the halves with known hits, over all held-out items, and what is kept of float32's."""

from dataclasses import replace

import numpy as np
import pytest

from device_tests.bundle import Bundle, decode, encode
from device_tests.evaluation import Baseline
from device_tests.report import Quality
from edgerec.half_rates import float32_ranks, half_rates


@pytest.fixture
def ranked(tiny_quality: Quality) -> Quality:
    """Give 12 users with a held-out item each, 4 of them a popular one: 3 of 4 and 2 of 8 are hits at 2."""
    segments = {"popular_half": (0, 1, 2, 3), "unpopular_half": tuple(range(4, 12))}
    ranks = (1, 2, 1, 5, 1, 2, 3, 3, 4, 5, 6, 6)
    full = tuple(max(pair) for pair in zip(ranks, tiny_quality.ranks, strict=True))
    return replace(tiny_quality, ranks=full, segments=segments, negatives=5, candidate_ranks=ranks)


def test_rates_are_hits_by_held_out_items_with_an_interval_around_them(ranked: Quality) -> None:
    rates = half_rates(ranked, None, 2)
    assert {half: (one.held_out, one.kept) for half, one in rates.items()} == {
        "popular_half": (4, None),
        "unpopular_half": (8, None),
    }
    for half, expected in (("popular_half", 3 / 4), ("unpopular_half", 2 / 8)):
        rate = rates[half].rate
        assert rate is not None
        assert rate.low < rate.estimate == expected < rate.high
    assert half_rates(ranked, None, 2) == rates


def test_every_held_out_item_counts_once_however_many_its_user_has(ranked: Quality) -> None:
    lopsided = replace(ranked, users=10, offsets=(0, 3, *range(4, 13)), candidate_ranks=(1, 1, 6, 6, *[6] * 8))
    rate = half_rates(lopsided, None, 2)["popular_half"].rate
    assert rate is not None
    assert rate.estimate == 2 / 4, "neither 2/3 and 0 in the mean of two users, nor anything else"
    assert (rate.low, rate.high) == (0, pytest.approx(2 / 3)), "a user's items are resampled together"


def test_what_is_kept_is_the_share_of_float32s_hits(ranked: Quality) -> None:
    float32 = Baseline(np.array(ranked.ranks, np.int32), np.array((1, 2, 2, 1, 1, 2, 2, 2, 2, 9, 9, 9), np.int32))
    rates = half_rates(ranked, float32, 2)
    for half, expected in (("popular_half", 3 / 4), ("unpopular_half", 2 / 5)):
        kept = rates[half].kept
        assert kept is not None
        assert kept.low <= kept.estimate <= kept.high
        assert kept.estimate == pytest.approx(expected)
    nothing_found = Baseline(np.array(ranked.ranks, np.int32), np.full(12, 6, np.int32))
    assert [one.kept for one in half_rates(ranked, nothing_found, 2).values()] == [None, None]
    not_told = Baseline(np.array(ranked.ranks, np.int32))
    assert [one.kept for one in half_rates(ranked, not_told, 2).values()] == [None, None]


def test_a_half_without_a_held_out_item_has_no_rate(ranked: Quality) -> None:
    rates = half_rates(replace(ranked, segments={"popular_half": tuple(range(12)), "unpopular_half": ()}), None, 2)
    assert rates["popular_half"].held_out == 12
    assert (rates["unpopular_half"].held_out, rates["unpopular_half"].rate) == (0, None)


def test_without_candidates_there_are_no_rates(tiny_quality: Quality) -> None:
    assert half_rates(tiny_quality, None, 10) == {}


def test_float32s_ranks_are_those_of_the_bundles_proof(tiny_members: dict[str, bytes]) -> None:
    bundle: Bundle = decode(encode(tiny_members))
    found = float32_ranks(bundle)
    assert found is not None
    assert found.ranks.tobytes() == tiny_members["proof/baseline_ranks.npy"][-found.ranks.nbytes :]
    assert float32_ranks(None) is None
