import pytest

from edgerec.config import parse_config
from edgerec.gate.budget import Budget, BudgetError, Limit, Switch, budget_of_flags, limit, with_floors
from edgerec.strict_toml import TomlError


def test_a_limit_carries_its_amount_in_the_unit_of_its_kind_and_where_it_is_set() -> None:
    assert limit("app_bytes", "420 KiB", "edgerec.toml:3") == Limit("app_bytes", 430_080, "edgerec.toml:3")
    assert limit("p50", "2 ms", "").amount == 2_000_000
    assert limit("recall_kept", "98 %", "").amount == pytest.approx(0.98)
    assert limit("flex", False, "").amount is False
    assert limit("oldest_runtime", "2.14.0", "").amount == "2.14.0"


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


def written(text: str) -> Budget:
    return parse_config(text if "[budget]" in text else f"[budget]\n{text}").budget


def names(budget: Budget) -> list[tuple[str, object, str]]:
    return [(one.name, one.amount, one.where) for one in budget.in_force]


def test_default_floors_are_limits_that_stand_where_floors_is_written() -> None:
    budget = written('[budget]\nflex = false\nfloors = "default"\n')
    assert names(budget) == [
        ("flex", False, "edgerec.toml:2"),
        ("recall_kept_at_20", 0.99, "edgerec.toml:3"),
        ("ndcg_kept_at_20", 0.99, "edgerec.toml:3"),
        ("candidates_kept_at_10", 0.95, "edgerec.toml:3"),
        ("candidates_kept_at_10", 0.95, "edgerec.toml:3"),
        ("coverage_kept_at_20", 0.9, "edgerec.toml:3"),
    ]
    assert [one.half for one in budget.in_force if one.half] == ["popular_half", "unpopular_half"]
    assert not any(one.strict for one in budget.in_force)
    assert names(written('[budget]\nfloors = "none"\n')) == names(written("")) == []


def test_a_limit_on_the_same_quantity_takes_the_place_of_its_default_floor_at_any_k_and_from_anywhere() -> None:
    common = written('[budget]\nfloors = "default"\nrecall_kept_at_10 = "95 %"\n')
    flags = budget_of_flags([("candidates_kept", "80 %"), ("coverage_kept_at_20", 0.5)])
    assert [(name, amount) for name, amount, _ in names(common.overridden_by(flags))] == [
        ("recall_kept_at_10", 0.95),
        ("candidates_kept", 0.8),
        ("candidates_kept", 0.8),
        ("coverage_kept_at_20", 0.5),
        ("ndcg_kept_at_20", 0.99),
    ]
    assert names(common.overridden_by(written('[budget]\nfloors = "none"\n'))) == names(common)[:1]


def test_strict_is_asked_of_what_is_kept_and_of_nothing_else() -> None:
    budget = written('[budget]\nstrict = true\nrecall_kept = 0.9\nrecall_at_10 = 0.2\nfloors = "default"\n')
    assert {one.name for one in budget.in_force if not one.strict} == {"recall_at_10"}
    loose = budget.overridden_by(written("[budget]\nstrict = false\n"))
    assert not any(one.strict for one in loose.in_force)


@pytest.mark.parametrize(
    ("other", "off"), [('floors = "none"', 'floors = "none" of edgerec.toml:3'), ("p50 = '2 ms'", "no limit")]
)
def test_strict_without_anything_to_keep_contradicts_itself(other: str, off: str) -> None:
    budget = written(f"[budget]\nstrict = true\n{other}\n")
    with pytest.raises(
        BudgetError, match=rf"^edgerec.toml:2: strict = true .* and {off} leaves nothing to keep: write"
    ):
        budget.in_force  # noqa: B018 - it is the property that refuses


def test_flags_are_a_budget_and_one_name_with_two_values_contradicts_itself() -> None:
    same = budget_of_flags([("p50", "2 ms"), ("floors", "default"), ("strict", True), ("p50", "2 ms")])
    assert [(one.name, one.where) for one in same.limits] == [("p50", "--limit")]
    assert (same.floors, same.strict) == (Switch(True, "--limit"), Switch(True, "--limit"))
    with pytest.raises(BudgetError, match="--limit p50=2 ms and --limit p50=3 ms contradict each other: give one"):
        budget_of_flags([("p50", "2 ms"), ("p50", "3 ms")])
    with pytest.raises(TomlError, match=r"--limit: floors is 'defaults', expected one of default, none \(did you mean"):
        budget_of_flags([("floors", "defaults")])


@pytest.mark.parametrize("said", ['floors = "none"', 'recall_kept = "95 %"', 'floors = "default"'])
def test_a_budget_that_says_what_is_kept_is_left_as_it_is(said: str) -> None:
    budget = written(f"[budget]\n{said}\n")
    assert with_floors(budget) is budget


def test_a_budget_that_says_nothing_of_it_gets_the_default_floors() -> None:
    given, expected = with_floors(written("[budget]\nflex = false\n")), written('[budget]\nfloors = "default"\n')
    assert [limit.name for limit in given.in_force] == ["flex", *(limit.name for limit in expected.in_force)]


def test_one_name_may_have_an_absolute_limit_and_one_relative_to_the_baseline() -> None:
    budget = written('download_bytes = ["420 KiB", "+2 %"]\nrecall_at_10 = "-1 %"\napp_bytes = "ratchet"\n')
    assert names(budget) == [("download_bytes", 430_080, "edgerec.toml:2")]
    assert [(one.name, one.written, one.where) for one in budget.growths] == [
        ("download_bytes", "+2 %", "edgerec.toml:2"),
        ("recall_at_10", "-1 %", "edgerec.toml:3"),
        ("app_bytes", "ratchet", "edgerec.toml:4"),
    ]


@pytest.mark.parametrize("value", ['["1 KiB", "2 KiB"]', '["+1 %", "ratchet"]', '["1 KiB", "+1 %", "+2 %"]', "[]"])
def test_two_limits_of_one_kind_contradict_each_other(value: str) -> None:
    with pytest.raises(BudgetError, match=r"^edgerec.toml:2: app_bytes is .*, expected one amount, one relative"):
        written(f"[budget]\napp_bytes = {value}\n")


def test_what_a_bundle_says_of_a_name_takes_the_place_of_all_that_was_said_of_it() -> None:
    common = written('app_bytes = ["420 KiB", "+2 %"]\np50 = ["2 ms", "+5 %"]\n')
    relative = common.overridden_by(written('app_bytes = "ratchet"\n'))
    assert [name for name, _, _ in names(relative)] == ["p50"]
    assert [(one.name, one.written) for one in relative.growths] == [("app_bytes", "ratchet"), ("p50", "+5 %")]
    absolute = common.overridden_by(budget_of_flags([("app_bytes", "400 KiB")]))
    assert [name for name, _, _ in names(absolute)] == ["app_bytes", "p50"]
    assert [one.name for one in absolute.growths] == ["p50"]


def test_limits_by_tensor_kind_and_machine_have_names_and_lines_of_their_own() -> None:
    budget = written(
        '[budget.tensors]\n"items*" = "200 KiB"\n[budget.kinds]\ntable = "ratchet"\n[budget.on."*A72*"]\np50 = "4 ms"\n'
    )
    assert [(one.name, one.where, one.on) for one in budget.limits] == [
        ("tensors.items*", "edgerec.toml:3", ""),
        ("p50", "edgerec.toml:7", "*A72*"),
    ]
    assert [(one.name, one.where) for one in budget.growths] == [("kinds.table", "edgerec.toml:5")]
    beside = budget.overridden_by(budget_of_flags([("p50", "2 ms"), ("tensors.items*", "100 KiB")]))
    assert [(one.name, one.on, one.amount) for one in beside.limits] == [
        ("tensors.items*", "", 100 * 1024),
        ("p50", "*A72*", 4_000_000),
        ("p50", "", 2_000_000),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[budget.kinds]\ntables = "1 KiB"\n',
            r"edgerec.toml:3: limit kinds.tables is not known",
        ),
        ('[budget.tensors]\n"items*" = true\n', r"edgerec.toml:3: tensors.items\* is True, expected a size"),
        ("recall_kept_at_10_of_tails = 0.9\n", "did you mean recall_kept_at_20_of_tail"),
        ("coverage_kept_of_tail = 0.9\n", "coverage_kept_of_tail is not known"),
        ('flex = "ratchet"\n', "edgerec.toml:2: flex is 'ratchet', expected a flag"),
    ],
)
def test_what_such_limits_cannot_say_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(BudgetError, match=sentence):
        written(text)


def test_a_floor_of_one_segment_leaves_the_default_floor_of_all_users() -> None:
    budget = written('floors = "default"\nrecall_kept_at_20_of_tail = 0.8\n')
    assert [name for name, _, _ in names(budget)][:2] == ["recall_kept_at_20_of_tail", "recall_kept_at_20"]
