import pytest

from edgerec.gate.limit_kind import LIMITS, UnknownLimitError, kept_of_float32, limit_kind, limit_names


def test_metrics_take_any_k() -> None:
    assert limit_kind("recall_at_10").evidence == "quality"
    assert limit_kind("ndcg_at_100").direction == "at least"
    for wrong in ("recall_at_0", "recall_at_", "recall_at_10000", "precision_at_10"):
        with pytest.raises(UnknownLimitError, match=f"limit {wrong} is not known"):
            limit_kind(wrong)


def test_hit_rates_among_candidates_take_any_k() -> None:
    for name in ("candidates_hit_rate_at_5", "candidates_kept"):
        assert (limit_kind(name).unit, limit_kind(name).direction, limit_kind(name).evidence) == (
            "share",
            "at least",
            "quality",
        )
    with pytest.raises(UnknownLimitError, match=r"did you mean candidates_kept\?"):
        limit_kind("candidate_kept")


def test_every_limit_has_a_kind_that_says_what_it_means() -> None:
    assert set(LIMITS) <= set(limit_names())
    for name in limit_names():
        assert limit_kind(name).meaning


def test_what_is_kept_of_float32_takes_any_k_and_the_bundles_without_one() -> None:
    assert kept_of_float32("recall_kept") == ("recall", None, "")
    assert kept_of_float32("coverage_kept_at_20") == ("coverage", 20, "")
    assert kept_of_float32("candidates_kept_at_5") == ("candidates", 5, "")
    assert limit_kind("ndcg_kept_at_20").meaning == "share of float32's ndcg at 20 that is kept"
    for other in ("recall_at_20", "recall_kept_at_0", "precision_kept", "recall_kept_at_", "golden"):
        assert kept_of_float32(other) is None
