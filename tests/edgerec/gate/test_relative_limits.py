"""Limits of every kind on the tiny bundle: by tensor, kind, segment and machine, and relative to a baseline."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests.report import DeviceReport, Quality
from edgerec.config import parse_config
from edgerec.gate.baseline import NOTHING, Accepted, Figure, StoredTensor
from edgerec.gate.budget import Budget, BudgetError
from edgerec.gate.check import check
from edgerec.gate.evidence import Evidence
from edgerec.gate.from_reports import ANYWHERE, reports_of
from edgerec.gate.policy import STRICT, Policy
from edgerec.gate.ratchet import accepted_of
from edgerec.gate.verdict import Check, GrownTensor, Location, Verdict
from edgerec.model_file import ModelFile, read_model_file

MakeReport = Callable[..., DeviceReport]
Rebuilt = Callable[..., dict[str, bytes]]
TABLE, DENSE, AXIS = 41 * 8 * 4, 40 * 8 * 4, 4


def written(text: str) -> Budget:
    return parse_config(f"[budget]\n{text}\n").budget


def one(verdict: Verdict, name: str) -> Check:
    (found,) = [check for check in verdict.checks if check.name == name]
    return found


@pytest.fixture
def file(tiny_bundle: Path) -> ModelFile:
    return read_model_file(tiny_bundle)


@pytest.fixture
def report(file: ModelFile, report_of: MakeReport) -> DeviceReport:
    assert file.bundle is not None
    return report_of(file.bundle)


def known(file: ModelFile, budget: Budget, *reports: DeviceReport) -> Accepted:
    named = {f"{at}.json": report for at, report in enumerate(reports)}
    return accepted_of(Evidence(file, reports_of(file, named), ANYWHERE), budget, Path("b.json"))


@pytest.fixture
def larger(tmp_path: Path, tiny_model: object, rebuilt: Rebuilt) -> ModelFile:
    """Give the tiny bundle with one more row in its table, 2.4 % of it."""
    table = np.concatenate([tiny_model.table, tiny_model.table[:1]])  # type: ignore[attr-defined]
    model = replace(tiny_model, table=table).tflite()  # type: ignore[type-var,attr-defined]
    bundle_format.write(tmp_path / "larger.edgerec", rebuilt({bundle_format.MODEL: model}))
    return read_model_file(tmp_path / "larger.edgerec")


def test_tensors_are_held_by_the_pattern_of_their_names_together_and_by_what_reads_them(file: ModelFile) -> None:
    budget = written(
        f'[budget.tensors]\n"table" = {TABLE}\n"*e*" = {TABLE + DENSE - 1}\n'
        f"[budget.kinds]\ntable = {TABLE}\ndense = {DENSE}\nother = 3\n"
    )
    verdict = check(file, {}, budget)
    assert one(verdict, "tensors.table").held is True
    assert one(verdict, "tensors.*e*").measured == TABLE + DENSE
    assert [tensor.name for tensor in one(verdict, "tensors.*e*").largest] == ["table", "dense"]
    assert one(verdict, "kinds.table").held is True
    assert one(verdict, "kinds.dense").measured == DENSE
    assert (one(verdict, "kinds.other").held, one(verdict, "kinds.other").measured) == (False, AXIS)
    assert one(verdict, "kinds.other").location == Location("edgerec.toml", 8)


def test_a_pattern_that_fits_no_tensor_proves_nothing(file: ModelFile) -> None:
    found = one(check(file, {}, written('[budget.tensors]\n"items*" = "1 MiB"')), "tensors.items*")
    assert (found.held, found.state) == (None, "unproven")
    assert found.reason == "no tensor is called items*; the largest are table, dense, axis"


def test_recall_of_one_segment_is_held_absolutely_and_to_what_float32_has(
    file: ModelFile, report: DeviceReport, tiny_quality: Quality
) -> None:
    tail = tiny_quality.metric("recall", 10, "tail")
    assert tail not in {0.0, tiny_quality.metric("recall", 10)}
    verdict = check(file, {"pi.json": report}, written("recall_at_10_of_tail = 0.1\nrecall_kept_at_10_of_tail = 0.9"))
    assert one(verdict, "recall_at_10_of_tail").measured == tail
    kept = one(verdict, "recall_kept_at_10_of_tail")
    assert (kept.state, kept.measured) == ("no evidence", 1.0)
    assert "hits in the tail and 200 are needed" in kept.reason
    empty = one(check(file, {"pi.json": report}, written("recall_at_10_of_middle = 0.1")), "recall_at_10_of_middle")
    assert (empty.held, empty.reason) == (None, "no item of the middle is held out")


def test_what_is_kept_in_a_segment_is_missed_where_all_users_hold_it(
    tmp_path: Path, rebuilt: Rebuilt, tiny_quality: Quality, report_of: MakeReport
) -> None:
    from device_tests.evaluation import to_npy

    users = 900
    members = rebuilt({"proof/baseline_ranks.npy": to_npy(np.full(users, 5, np.int32))})
    bundle = bundle_format.write(tmp_path / "many.edgerec", members)
    ranks = (5,) * 640 + (11,) * 40 + (5,) * 220
    segments = {"head": tuple(range(500)), "tail": tuple(range(500, users))}
    quality = replace(
        tiny_quality, users=users, offsets=tuple(range(users + 1)), ranks=ranks, segments=segments, negatives=0
    )
    budget = written("recall_kept_at_10 = 0.95\nrecall_kept_at_10_of_head = 0.95\nrecall_kept_at_10_of_tail = 0.95")
    verdict = check(read_model_file(tmp_path / "many.edgerec"), {"pi.json": report_of(bundle, quality=quality)}, budget)
    states = [(one.name, one.state) for one in verdict.checks if one.where]
    assert states == [
        ("recall_kept_at_10", "held"),
        ("recall_kept_at_10_of_head", "held"),
        ("recall_kept_at_10_of_tail", "missed"),
    ]
    assert one(verdict, "recall_kept_at_10_of_tail").measured == pytest.approx(360 / 400)


def test_a_limit_of_one_machine_is_asked_of_no_other(file: ModelFile, report: DeviceReport) -> None:
    phone = replace(report, board=replace(report.board, cpu="Cortex-A55"))
    budget = written('[budget.on."Cortex-A72*"]\np50 = "1 us"\n[budget.on."Cortex-A55*"]\np50 = "1 s"')
    found = {one.measurer[:10]: one.held for one in check(file, {"a": report, "b": phone}, budget).checks if one.where}
    assert found == {"Cortex-A72": False, "Cortex-A55": True}
    alone = [one for one in check(file, {"a": report}, budget).checks if one.where]
    assert [(each.held, each.reason) for each in alone] == [
        (False, ""),
        (None, "no report of this bundle on Cortex-A55*"),
    ]
    with pytest.raises(BudgetError, match=r"edgerec.toml:3: app_bytes is the same on every machine"):
        written('[budget.on."Cortex-A55*"]\napp_bytes = 5')


def test_what_grew_beyond_the_limit_is_missed_and_the_tensor_that_grew_is_named(
    file: ModelFile, larger: ModelFile
) -> None:
    budget = written('model_bytes = ["1 MiB", "+2 %"]\n[budget.tensors]\n"table" = "+2 %"\n"dense" = "ratchet"')
    accepted = known(file, budget)
    assert check(file, {}, budget, accepted=accepted)
    verdict = check(larger, {}, budget, accepted=accepted)
    states = [(one.name, one.written, one.held) for one in verdict.checks if one.where]
    assert states == [
        ("model_bytes", "", True),
        ("model_bytes", "+2 %", True),
        ("tensors.table", "+2 %", False),
        ("tensors.dense", "ratchet", True),
    ]
    missed = one(verdict, "tensors.table")
    assert missed.grew == (GrownTensor("table", "FLOAT32", (42, 8), TABLE + 32, TABLE, "FLOAT32"),)
    assert (missed.baseline, missed.limit, missed.excess) == (
        TABLE,
        TABLE * 102 // 100,
        TABLE + 32 - TABLE * 102 // 100,
    )
    assert missed.change == pytest.approx(1 / 41)
    assert missed.acceptance == f"edgerec check {larger.name} --update-baseline --allow-growth"
    assert missed.where == "edgerec.toml:4"


def test_the_tensors_that_grew_most_are_named_first_and_new_ones_have_grown_from_nothing(
    larger: ModelFile,
) -> None:
    before = Accepted(
        (Figure("model_bytes", "", 100, (), "read from the file", "", "0" * 64),),
        (StoredTensor("table", "INT8", (42, 8), 1000), StoredTensor("axis", "INT32", (1,), 4)),
    )
    missed = one(check(larger, {}, written('model_bytes = "+2 %"'), accepted=before), "model_bytes")
    assert [(grown.name, grown.before_bytes, grown.before_dtype) for grown in missed.grew] == [
        ("dense", 0, ""),
        ("table", 1000, "INT8"),
    ]


def test_a_change_below_the_threshold_is_none(file: ModelFile, larger: ModelFile) -> None:
    budget = written('model_bytes = "ratchet"')
    accepted = known(file, budget)
    strict = check(larger, {}, budget, accepted=accepted)
    assert (one(strict, "model_bytes").held, one(strict, "model_bytes").change is None) == (False, False)
    loose = one(check(larger, {}, budget, accepted=accepted, policy=Policy(threshold=0.03)), "model_bytes")
    assert (loose.held, loose.change) == (True, None)


def test_without_a_figure_in_the_baseline_a_relative_limit_is_unproven_with_the_line_that_makes_one(
    file: ModelFile, report: DeviceReport
) -> None:
    budget = written('model_bytes = "+2 %"\np50 = "+5 %"')
    verdict = check(file, {"pi.json": report}, budget, accepted=NOTHING)
    for name in ("model_bytes", "p50"):
        found = one(verdict, name)
        assert (found.held, found.limit, found.written[:1]) == (None, None, "+")
        assert found.reason == "the baseline has no figure of it"
        assert found.remedy == f"edgerec check {file.name} --update-baseline"
        assert found.acceptance == ""
    assert one(check(file, {}, budget), "p50").remedy.startswith("edgerec bench")


def test_latency_of_another_machine_is_no_baseline(file: ModelFile, report: DeviceReport) -> None:
    budget = written('p50 = "+5 %"')
    accepted = known(file, budget, replace(report, board=replace(report.board, cpu="Cortex-A55")))
    found = one(check(file, {"pi.json": report}, budget, accepted=accepted), "p50")
    assert found.held is None
    assert "only of Cortex-A55, 4 cores" in found.reason


def warm(report: DeviceReport, *calls_ns: int) -> DeviceReport:
    assert report.latency is not None
    return replace(report, latency=replace(report.latency, warm_ns=calls_ns))


def test_calls_that_are_too_noisy_to_tell_are_inconclusive_and_the_policy_says_whether_that_fails(
    file: ModelFile, report: DeviceReport
) -> None:
    budget, noisy = written('p50 = "50 us"'), warm(report, *range(1000, 101_000, 1000))
    failed = check(file, {"pi.json": noisy}, budget)
    found = one(failed, "p50")
    assert (found.held, found.state) == (None, "inconclusive")
    assert found.interval is not None
    assert found.interval.low < 50_000 < found.interval.high
    assert not failed
    passed = check(file, {"pi.json": noisy}, budget, policy=Policy(tolerated=frozenset(["inconclusive"])))
    assert passed
    assert (one(passed, "p50").held, one(passed, "p50").tolerated) == (None, True)
    assert check(file, {"pi.json": noisy}, written('p50 = "80 us"'))
    assert one(check(file, {"pi.json": noisy}, written('p50 = "20 us"')), "p50").state == "missed"


def test_a_call_is_slower_than_the_baseline_only_beyond_the_noise_of_both(
    file: ModelFile, report: DeviceReport
) -> None:
    budget = written('p50 = "+10 %"')

    def state(before: DeviceReport, now: DeviceReport) -> str:
        return one(check(file, {"pi.json": now}, budget, accepted=known(file, budget, before)), "p50").state

    quiet, noisy = warm(report, *range(1_000_000, 1_000_100)), warm(report, *range(500_000, 1_500_000, 10_000))
    assert state(quiet, quiet) == "held"
    assert state(noisy, noisy) == "held", "the very same measurement is no change"
    assert state(quiet, warm(report, *range(1_200_000, 1_200_100))) == "missed"
    assert state(noisy, warm(report, *range(1_120_000, 1_120_100))) == "inconclusive"
    assert state(quiet, warm(report, *range(500_000, 1_520_000, 10_000))) == "inconclusive"


def test_recall_may_lose_no_more_than_the_limit_says(file: ModelFile, report: DeviceReport) -> None:
    budget = written('recall_at_10 = "-1 %"')
    quality = report.quality
    assert quality is not None
    first = next(at for at, rank in enumerate(quality.ranks) if rank <= 10)
    ranks = tuple(11 if at == first else rank for at, rank in enumerate(quality.ranks))
    worse = replace(report, quality=replace(quality, ranks=ranks))
    accepted = known(file, budget, report)
    assert check(file, {"pi.json": report}, budget, accepted=accepted)
    missed = one(check(file, {"pi.json": worse}, budget, accepted=accepted), "recall_at_10")
    assert (missed.held, missed.baseline) == (False, quality.metric("recall", 10))


def test_what_the_policy_tolerates_is_no_pass_for_what_is_missed(file: ModelFile) -> None:
    everything = Policy(tolerated=frozenset(["inconclusive", "unproven", "no evidence"]))
    assert check(file, {}, written('p50 = "2 ms"'), policy=everything)
    assert not check(file, {}, written('p50 = "2 ms"'), policy=STRICT)
    assert not check(file, {}, written('p50 = "2 ms"'), policy=Policy(tolerated=frozenset(["inconclusive"])))
    assert not check(file, {}, written('p50 = "2 ms"\napp_bytes = 1'), policy=everything)


def test_a_user_table_says_how_many_users_would_ship(tmp_path: Path, rebuilt: Rebuilt, tiny_manifest: object) -> None:
    (history,) = tiny_manifest.inputs  # type: ignore[attr-defined]
    changes: dict[str, bytes | None] = {
        bundle_format.USERS: bundle_format.join_lines(("u1", "u2")),
        "proof/eval_input_history.npy": None,
    }
    bundle_format.write(tmp_path / "u.edgerec", rebuilt(changes, inputs=(replace(history, role="user", length=0),)))
    missed = one(check(read_model_file(tmp_path / "u.edgerec"), {}, written("user_table = false")), "user_table")
    assert missed.held is False
    assert missed.reason == "input history has a row for each of 41 users, and their ids ship"


def test_brotli_counts_what_ships_and_says_how_to_get_it_where_it_is_not_there(
    file: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    import brotli

    assert file.bundle is not None
    parts = file.bundle.app.values()
    found = one(check(file, {}, written('brotli_bytes = "8 KiB"')), "brotli_bytes")
    assert found.measured == sum(len(brotli.compress(part)) for part in parts)
    assert found.measured < file.app_bytes
    monkeypatch.setitem(sys.modules, "brotli", None)
    unproven = one(check(file, {}, written('brotli_bytes = "8 KiB"')), "brotli_bytes")
    assert (unproven.held, unproven.reason) == (None, "Brotli is not installed")
    assert unproven.remedy == "pip install 'edgerec[brotli]'"


def test_what_is_to_be_run_names_a_budget_file_of_another_name(file: ModelFile) -> None:
    budget = parse_config('[budget]\nmodel_bytes = "ratchet"\n', name="ci/budget.toml").budget
    found = one(check(file, {}, budget), "model_bytes")
    assert found.remedy == f"edgerec check {file.name} --config ci/budget.toml --update-baseline"


def test_a_baseline_has_a_figure_for_each_limit_with_an_amount_that_is_not_relative_already(
    file: ModelFile, report: DeviceReport
) -> None:
    budget = written(
        'recall_kept = 0.9\nflex = false\noldest_runtime = "2.14.0"\np50 = "2 ms"\napp_bytes = "ratchet"\n'
        'recall_at_10_of_tail = 0.1\nfloors = "default"\n[budget.kinds]\ntable = "2 KiB"'
    )
    found = known(file, budget, report)
    assert {one.name for one in found.figures} == {"p50", "app_bytes", "recall_at_10_of_tail", "kinds.table"}
    assert {(one.name, one.source, one.measurer[:10]) for one in found.figures if one.source} == {
        ("p50", "0.json", "Cortex-A72"),
        ("recall_at_10_of_tail", "0.json", ""),
    }
    assert {one.sha256 for one in found.figures} == {file.sha256}
    assert [one.name for one in found.tensors] == ["table", "dense", "axis"]
