import pytest

from edgerec.gate.budget import LIMITS, Budget, BudgetError, Limit, limit, limit_kind, limit_names


def test_a_limit_carries_its_amount_in_the_unit_of_its_kind_and_where_it_is_set() -> None:
    assert limit("app_bytes", "420 KiB", "edgerec.toml:3") == Limit("app_bytes", 430_080, "edgerec.toml:3")
    assert limit("p50", "2 ms", "").amount == 2_000_000
    assert limit("recall_kept", "98 %", "").amount == pytest.approx(0.98)
    assert limit("flex", False, "").amount is False
    assert limit("oldest_runtime", "2.14.0", "").amount == "2.14.0"


def test_metrics_take_any_k() -> None:
    assert limit_kind("recall_at_10").evidence == "quality"
    assert limit_kind("ndcg_at_100").direction == "at least"
    for wrong in ("recall_at_0", "recall_at_", "recall_at_10000", "precision_at_10"):
        with pytest.raises(BudgetError, match=f"limit {wrong} is not known"):
            limit_kind(wrong)


def test_hit_rates_among_candidates_take_any_k() -> None:
    for name in ("candidates_hit_rate_at_5", "candidates_kept"):
        assert (limit_kind(name).unit, limit_kind(name).direction, limit_kind(name).evidence) == (
            "share",
            "at least",
            "quality",
        )
    with pytest.raises(BudgetError, match=r"did you mean candidates_kept\?"):
        limit_kind("candidate_kept")


def test_an_unknown_limit_is_named_with_its_line_and_the_one_that_was_meant() -> None:
    with pytest.raises(BudgetError, match=r"edgerec.toml:4: limit app_byte is not known \(did you mean app_bytes\?\)"):
        limit("app_byte", 1, "edgerec.toml:4")


def test_a_wrong_amount_is_named_with_its_line_what_was_received_and_what_is_expected() -> None:
    with pytest.raises(BudgetError, match=r"edgerec.toml:4: p50 is 2, expected a duration with its unit"):
        limit("p50", 2, "edgerec.toml:4")


def test_a_budget_is_overridden_limit_by_limit() -> None:
    common = Budget((limit("app_bytes", "420 KiB", "a:1"), limit("p50", "2 ms", "a:2")))
    own = Budget((limit("app_bytes", "400 KiB", "a:9"), limit("flex", False, "a:10")))
    assert [(one.name, one.where) for one in common.overridden_by(own).limits] == [
        ("app_bytes", "a:9"),
        ("p50", "a:2"),
        ("flex", "a:10"),
    ]


def test_every_limit_has_a_kind_that_says_what_it_means() -> None:
    assert set(LIMITS) <= set(limit_names())
    for name in limit_names():
        assert limit_kind(name).meaning
