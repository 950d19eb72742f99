import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests import record
from device_tests import report as report_format
from device_tests.counts import Count, Counts
from device_tests.evaluation import to_npy
from device_tests.manifest import Manifest
from device_tests.report import DeviceReport, Quality
from edgerec.gate.budget import Budget, Switch, limit
from edgerec.gate.check import check
from edgerec.gate.from_reports import Expected
from edgerec.gate.verdict import Check, Verdict
from edgerec.model_file import ModelFile, read_model_file
from edgerec.report.verdict_text import verdict_text, verdicts_json

MakeReport = Callable[..., DeviceReport]
Rebuilt = Callable[..., dict[str, bytes]]


def budget(**limits: object) -> Budget:
    return Budget(
        tuple(limit(name, value, f"edgerec.toml:{line}") for line, (name, value) in enumerate(limits.items(), 2))
    )


def one(verdict: Verdict, name: str, half: str = "") -> Check:
    (found,) = [check for check in verdict.checks if (check.name, check.half) == (name, half)]
    return found


@pytest.fixture
def file(tiny_bundle: Path) -> ModelFile:
    return read_model_file(tiny_bundle)


@pytest.fixture
def bare(tmp_path: Path, tiny_tflite: bytes) -> ModelFile:
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_tflite)
    return read_model_file(path)


@pytest.fixture
def report(file: ModelFile, report_of: MakeReport) -> DeviceReport:
    assert file.bundle is not None
    return report_of(file.bundle)


def test_sizes_and_ops_are_read_out_of_the_file_and_need_no_report(file: ModelFile) -> None:
    assert file.bundle is not None
    size = file.bundle.app_bytes
    verdict = check(
        file,
        {},
        budget(app_bytes=size, download_bytes=size, model_bytes=size, flex=False, custom=False, user_table=False),
    )
    assert verdict, verdict
    assert one(verdict, "app_bytes").measured == size
    assert one(verdict, "model_bytes").measured == len(file.bundle.model)
    assert one(verdict, "download_bytes").measured == file.bundle.download_bytes
    assert {check.provenance for check in verdict.checks} == {"read from the file"}


def test_a_limit_below_the_measured_size_is_missed_by_how_much_names_the_largest_tensors_and_the_line(
    file: ModelFile,
) -> None:
    assert file.bundle is not None
    verdict = check(file, {}, budget(app_bytes=file.bundle.app_bytes - 7))
    missed = one(verdict, "app_bytes")
    assert not verdict
    assert missed.held is False
    assert missed.excess == 7
    assert missed.where == "edgerec.toml:2"
    assert [(tensor.name, tensor.size_bytes) for tensor in missed.largest] == [
        ("table", 41 * 8 * 4),
        ("dense", 40 * 8 * 4),
        ("axis", 4),
    ]


def test_a_figure_in_the_manifest_is_never_evidence(tmp_path: Path, rebuilt: Rebuilt, tiny_model: object) -> None:
    newer = tiny_model.tflite(gather_version=7)  # type: ignore[attr-defined]
    members = rebuilt({bundle_format.MODEL: newer}, oldest_runtime="1.14.0")
    bundle_format.write(tmp_path / "new.edgerec", members)
    verdict = check(read_model_file(tmp_path / "new.edgerec"), {}, budget(oldest_runtime="2.14.0"))
    assert one(verdict, "oldest_runtime").measured == "2.15.0"
    assert one(verdict, "oldest_runtime").held is False


def test_an_op_that_no_runtime_table_knows_is_unproven_and_flex_is_named(tmp_path: Path, tiny_model: object) -> None:
    path = tmp_path / "flex.tflite"
    path.write_bytes(tiny_model.tflite(flex=True))  # type: ignore[attr-defined]
    verdict = check(read_model_file(path), {}, budget(oldest_runtime="2.14.0", flex=False, custom=False))
    assert one(verdict, "oldest_runtime").held is None
    assert one(verdict, "flex").held is False
    assert one(verdict, "flex").reason == "FlexErf"
    assert one(verdict, "custom").held is True
    assert check(read_model_file(path), {}, budget(flex=True))


def test_without_a_report_a_limit_is_unproven_and_the_bench_line_that_proves_it_is_given(file: ModelFile) -> None:
    verdict = check(
        file,
        {},
        budget(p50="2 ms", private_bytes="1 MiB", recall_at_10=0.1, top_k_overlap=0.9, golden=True),
        expected=Expected("tflite-runtime==2.14.0", 1),
    )
    assert not verdict
    limits = [check for check in verdict.checks if check.name != "signature"]
    assert [check.held for check in limits] == [None] * 5
    where = f"{file.name.removesuffix('.edgerec')}.report.json"
    line = f"edgerec bench {file.name} --target local --runtime tflite-runtime==2.14.0 --threads 1 -o {where}"
    assert {check.remedy for check in limits} == {line}
    assert {check.reason for check in limits} == {"no report of this bundle"}


@pytest.mark.parametrize(("name", "fewest"), [("p50", 1), ("p95", 20), ("p99", 100)])
def test_a_percentile_of_too_few_calls_is_unproven(
    file: ModelFile, report: DeviceReport, name: str, fewest: int
) -> None:
    assert report.latency is not None

    def held(calls: int) -> Check:
        few = replace(report, latency=replace(report.latency, warm_ns=(1000,) * calls))  # type: ignore[type-var]
        return one(check(file, {"pi.json": few}, budget(**{name: "2 ms"})), name)

    assert held(fewest).held is True
    if fewest > 1:
        assert held(fewest - 1).held is None
        assert (
            f"{name} of {fewest - 1} warm calls says nothing: measure with --calls {fewest}" in held(fewest - 1).reason
        )


def test_a_report_of_this_bundle_proves_every_limit(file: ModelFile, report: DeviceReport) -> None:
    verdict = check(
        file,
        {"pi.json": report},
        budget(
            load="1 ms",
            first="1 ms",
            p50="61 us",
            p95="100 us",
            p99="100 us",
            private_bytes=300_000,
            mapped_bytes=60_000,
            peak_bytes=40_000_000,
            recall_at_10=0.0,
            recall_kept="100 %",
            ndcg_kept=1.0,
            top_k_overlap=0.995,
            golden=True,
        ),
    )
    assert verdict, verdict
    assert one(verdict, "p50").measured == 50_000
    assert one(verdict, "private_bytes").measured == 300_000
    assert one(verdict, "recall_kept").measured == pytest.approx(1.0)
    assert {(check.provenance, check.source) for check in verdict.checks if check.name != "signature"} == {
        ("measured", "pi.json")
    }


@pytest.mark.parametrize(
    ("name", "value", "over"),
    [
        ("p95", "89 us", 6000),
        ("private_bytes", 299_999, 1),
        ("top_k_overlap", 0.996, 0.001),
        ("load", "0.3 ms", 100_000),
    ],
)
def test_what_a_report_measured_beyond_a_limit_is_missed(
    file: ModelFile, report: DeviceReport, name: str, value: object, over: float
) -> None:
    missed = one(check(file, {"pi.json": report}, budget(**{name: value})), name)
    assert missed.held is False
    assert missed.excess == pytest.approx(over)


def test_golden_outputs_that_do_not_hold_fail_whatever_the_budget_says(file: ModelFile, report: DeviceReport) -> None:
    assert report.golden is not None
    broken = replace(report, golden=replace(report.golden, held=False, reason="top-k overlap 0.001, promised 0.99"))
    verdict = check(file, {"good.json": report, "bad.json": broken}, budget(app_bytes="1 MiB"))
    golden = one(verdict, "golden")
    assert not verdict
    assert golden.held is False
    assert golden.source == "bad.json"
    assert golden.reason == "top-k overlap 0.001, promised 0.99"


def test_a_report_of_another_build_proves_nothing_and_is_named(file: ModelFile, report: DeviceReport) -> None:
    stale = replace(report, bundle_sha256="0" * 64)
    verdict = check(file, {"stale.json": stale}, budget(p50="2 ms"))
    assert one(verdict, "p50").held is None
    assert verdict.notes == ("stale.json is of another build and proves nothing here",)


def test_the_same_model_in_another_bundle_is_no_proof_for_this_one(file: ModelFile, report: DeviceReport) -> None:
    assert one(check(file, {"x.json": replace(report, bundle_sha256=None)}, budget(p50="2 ms")), "p50").held is None


def test_with_several_reports_the_worst_counts_and_is_named(file: ModelFile, report: DeviceReport) -> None:
    assert report.latency is not None
    slow = replace(report, latency=replace(report.latency, warm_ns=(3_000_000,) * 100))
    for order in ({"fast.json": report, "slow.json": slow}, {"slow.json": slow, "fast.json": report}):
        missed = one(check(file, order, budget(p50="2 ms")), "p50")
        assert (missed.held, missed.measured, missed.source) == (False, 3_000_000, "slow.json")


def test_an_emulated_report_proves_quality_and_never_latency_or_memory(file: ModelFile, report: DeviceReport) -> None:
    emulated = replace(report, provenance="emulated")
    verdict = check(file, {"qemu.json": emulated}, budget(p50="2 ms", private_bytes="1 MiB", recall_at_10=0.0))
    assert one(verdict, "p50").held is None
    assert one(verdict, "p50").reason == "qemu.json is emulated: no evidence of latency"
    assert one(verdict, "private_bytes").held is None
    assert one(verdict, "recall_at_10").held is True
    assert one(verdict, "recall_at_10").provenance == "emulated"


def test_instructions_are_proved_by_an_emulated_report_and_the_most_of_any_call_counts(
    file: ModelFile, report: DeviceReport
) -> None:
    calls = (Count(70, 700, 7), Count(75, 690, 9), Count(71, 710, 8))
    counts = Counts(Count(900, 9, 9), Count(500, 5, 5), calls, (Count(30, 3, 3), Count(33, 3, 3)), Count(9, 9, 9), "x")
    counted = replace(report, provenance="emulated", latency=None, memory=None, counts=counts)
    limits = budget(
        instructions=75, load_instructions=899, first_instructions="1 k", top_k_instructions=33, read_bytes=709,
        written_bytes="9 B", p50="1 s",
    )  # fmt: skip
    verdict = check(file, {"qemu.json": counted}, limits)
    found = {one.name: (one.measured, one.held) for one in verdict.checks}
    assert found["instructions"] == (75, True)
    assert found["load_instructions"] == (900, False)
    assert found["first_instructions"] == (500, True)
    assert found["top_k_instructions"] == (33, True)
    assert found["read_bytes"] == (710, False)
    assert found["written_bytes"] == (9, True)
    assert found["p50"] == (None, None), "a count is no time"
    assert one(verdict, "instructions").provenance == "emulated"


def test_instructions_that_nobody_counted_are_unproven_with_the_line_that_counts_them(
    file: ModelFile, report: DeviceReport
) -> None:
    unproven = one(check(file, {"pi.json": report}, budget(instructions="1 M")), "instructions")
    assert (unproven.held, unproven.reason) == (None, "pi.json has no counts phase")
    assert "--target qemu:" in unproven.remedy
    assert unproven.remedy.endswith(".qemu.report.json")


def test_quality_of_a_sample_of_users_proves_nothing(file: ModelFile, report: DeviceReport) -> None:
    assert report.quality is not None
    some = replace(report, quality=replace(report.quality, sample_of=report.quality.users + 1))
    for name, least in (("recall_at_10", 0.0), ("recall_kept", "1 %")):
        unproven = one(check(file, {"qemu.json": some}, budget(**{name: least})), name)
        assert (unproven.held, unproven.measured) == (None, None)
        assert "of 12 of 13 users: no evidence of quality" in unproven.reason


def test_a_weight_cache_counts_as_storage(file: ModelFile, report: DeviceReport) -> None:
    assert report.storage is not None
    model_bytes = report.storage.model_bytes
    cached = replace(report, storage=replace(report.storage, weight_cache_bytes=1000, weight_cache_made_ns=5))
    limit = budget(storage_bytes=model_bytes + 999)
    assert one(check(file, {"x.json": report}, limit), "storage_bytes").held is True
    missed = one(check(file, {"x.json": cached}, limit), "storage_bytes")
    assert (missed.held, missed.measured) == (False, model_bytes + 1000)


def test_memory_that_the_system_does_not_tell_is_unproven_and_not_zero(file: ModelFile, report: DeviceReport) -> None:
    assert report.memory is not None
    silent = replace(report, memory=replace(report.memory, private_run=None))
    unproven = one(check(file, {"mac.json": silent}, budget(private_bytes="1 MiB")), "private_bytes")
    assert (unproven.held, unproven.measured) == (None, None)
    assert "does not tell private memory" in unproven.reason


def test_a_figure_from_another_runtime_than_the_target_asks_for_does_not_prove_but_can_refute(
    file: ModelFile, report: DeviceReport
) -> None:
    asked = Expected("ai-edge-litert==2.3.0", 1)
    unproven = one(check(file, {"pi.json": report}, budget(p50="2 ms"), expected=asked), "p50")
    assert unproven.held is None
    assert unproven.reason == "no report on ai-edge-litert==2.3.0, 1 thread as the target asks"
    assert one(check(file, {"pi.json": report}, budget(p50="1 us"), expected=asked), "p50").held is False
    both = {
        "pi.json": report,
        "new.json": replace(report, board=replace(report.board, runtime="ai-edge-litert", runtime_version="2.3.0")),
    }
    verdict = check(file, both, budget(p50="2 ms"), expected=asked)
    assert [each.held for each in verdict.checks if each.name == "p50"] == [True, True]


def test_figures_of_different_boards_or_runtimes_are_never_judged_as_if_they_were_one(
    file: ModelFile, report: DeviceReport
) -> None:
    assert report.latency is not None
    slow = replace(report, latency=replace(report.latency, warm_ns=(3_000_000,) * 100))
    phone = replace(slow, board=replace(slow.board, cpu="Cortex-A55", cores=8))
    newer = replace(report, board=replace(report.board, runtime_version="2.15.0"))
    reports = {"phone.json": phone, "pi.json": report, "newer.json": newer, "pi-again.json": slow}
    verdict = check(file, reports, budget(p50="2 ms", recall_at_10=0.0))
    found = {each.measurer: each for each in verdict.checks if each.name == "p50"}
    assert list(found) == [
        "Cortex-A55, 8 cores, tflite-runtime==2.14.0, 1 thread",
        "Cortex-A72, 4 cores, tflite-runtime==2.14.0, 1 thread",
        "Cortex-A72, 4 cores, tflite-runtime==2.15.0, 1 thread",
    ]
    assert [each.source for each in found.values()] == ["phone.json", "pi-again.json", "newer.json"]
    assert [each.held for each in found.values()] == [False, False, True]
    assert not verdict
    assert one(verdict, "recall_at_10").measurer == ""
    text = verdict_text(verdict)
    assert "p50 on Cortex-A72, 4 cores, tflite-runtime==2.15.0, 1 thread" in text
    (told,) = json.loads(json.dumps(verdicts_json((verdict,))))["verdicts"]
    assert [each["measurer"] for each in told["checks"] if each["name"] == "p50"] == list(found)


def test_reports_of_one_machine_are_one_figure_after_its_system_was_updated(
    file: ModelFile, report: DeviceReport
) -> None:
    updated = replace(report, board=replace(report.board, release="6.6", python="3.12.1"))
    assert one(check(file, {"a.json": report, "b.json": updated}, budget(p50="2 ms")), "p50").measurer == ""


def test_a_report_that_says_nothing_of_a_limit_asks_nothing_more_of_the_others(
    file: ModelFile, report: DeviceReport
) -> None:
    emulated = replace(report, provenance="emulated", board=replace(report.board, cpu="cortex-a53"))
    proved = one(check(file, {"qemu.json": emulated, "pi.json": report}, budget(p50="2 ms")), "p50")
    assert (proved.held, proved.source, proved.measurer) == (True, "pi.json", "")


def test_recall_kept_compares_with_the_ranks_of_float32(
    file: ModelFile, report: DeviceReport, tiny_quality: Quality
) -> None:
    lost = tuple(39 if rank <= 10 else rank for rank in tiny_quality.ranks[:6]) + tiny_quality.ranks[6:]
    worse = replace(report, quality=replace(tiny_quality, ranks=lost))
    before = sum(rank <= 10 for rank in tiny_quality.ranks)
    after = sum(rank <= 10 for rank in lost)
    kept = one(check(file, {"pi.json": worse}, budget(recall_kept=0.99)), "recall_kept")
    assert kept.measured == pytest.approx(after / before)
    assert kept.held is (after / before >= 0.99)
    assert before > after


def test_recall_kept_without_float32s_ranks_or_with_those_of_other_users_is_unproven(
    tmp_path: Path, rebuilt: Rebuilt, report_of: MakeReport, tiny_quality: Quality
) -> None:
    bundle = bundle_format.write(tmp_path / "none.edgerec", rebuilt({"proof/baseline_ranks.npy": None}))
    file = read_model_file(tmp_path / "none.edgerec")
    unproven = one(check(file, {"pi.json": report_of(bundle)}, budget(recall_kept=0.5)), "recall_kept")
    assert unproven.held is None
    assert "no proof/baseline_ranks.npy" in unproven.reason

    bundle = bundle_format.write(tmp_path / "whole.edgerec", rebuilt())
    fewer = replace(tiny_quality, users=11, offsets=tuple(range(12)), ranks=tiny_quality.ranks[:11], segments={})
    report = report_of(bundle, quality=fewer)
    unproven = one(
        check(read_model_file(tmp_path / "whole.edgerec"), {"pi.json": report}, budget(recall_kept=0.5)), "recall_kept"
    )
    assert unproven.held is None
    assert "12 ranks, expected 11" in unproven.reason


CANDIDATE_RANKS = "proof/baseline_candidate_ranks.npy"
COVERAGE = "proof/baseline_recommended_items.npy"
POPULAR, UNPOPULAR = 250, 500


def hits(popular: int, unpopular: int) -> tuple[int, ...]:
    """Give the ranks of 750 held-out items among 12 others with so many hits at 10 in each half."""
    in_half = ((popular, POPULAR), (unpopular, UNPOPULAR))
    return tuple(rank for found, every in in_half for rank in [10] * found + [11] * (every - found))


@pytest.fixture
def ranked(tmp_path: Path, rebuilt: Rebuilt, tiny_quality: Quality) -> tuple[ModelFile, Quality]:
    """Give a bundle and a quality with candidates: float32 has 240 and 400 hits, of which 228 and 380 are kept."""
    users = POPULAR + UNPOPULAR
    ranks = np.full(users, 11, np.int32)
    float32 = {CANDIDATE_RANKS: np.array(hits(240, 400), np.int32), "proof/baseline_ranks.npy": ranks}
    members = rebuilt({name: to_npy(values) for name, values in float32.items()})
    bundle_format.write(tmp_path / "ranked.edgerec", members)
    halves = {"popular_half": tuple(range(POPULAR)), "unpopular_half": tuple(range(POPULAR, users))}
    quality = replace(
        tiny_quality, users=users, offsets=tuple(range(users + 1)), ranks=tuple(ranks.tolist()), segments=halves,
        negatives=12, candidate_ranks=hits(228, 380),
    )  # fmt: skip
    return read_model_file(tmp_path / "ranked.edgerec"), quality


def test_each_half_is_held_to_what_it_keeps_among_candidates_and_the_lesser_to_its_rate(
    ranked: tuple[ModelFile, Quality], report_of: MakeReport
) -> None:
    file, quality = ranked
    assert file.bundle is not None
    report = report_of(file.bundle, quality=replace(quality, candidate_ranks=hits(240, 380)))
    report_format.dumps(report)  # it can be
    verdict = check(file, {"pi.json": report}, budget(candidates_hit_rate_at_10=0.76, candidates_kept=0.95))
    assert verdict, verdict
    assert one(verdict, "candidates_hit_rate_at_10").measured == 380 / 500
    assert one(verdict, "candidates_kept", "popular_half").measured == 1
    assert one(verdict, "candidates_kept", "unpopular_half").measured == 0.95
    missed = check(file, {"pi.json": report}, budget(candidates_hit_rate_at_10=0.77, candidates_kept_at_10=0.96))
    assert [check.name for check in missed.of("missed")] == ["candidates_hit_rate_at_10", "candidates_kept_at_10"]
    assert one(missed, "candidates_kept_at_10", "popular_half").held is True


@pytest.mark.parametrize(
    ("limits", "changes", "sentence"),
    [
        ({"candidates_hit_rate_at_10": 0.1}, {"negatives": 0, "candidate_ranks": ()}, "candidates = 99 under [data]"),
        ({"candidates_kept": 0.1}, {"negatives": 0, "candidate_ranks": ()}, "candidates = 99 under [data]"),
        ({"candidates_hit_rate_at_13": 0.1}, {}, "among the first 13 of its 13 candidates: take a smaller k"),
        (
            {"candidates_hit_rate_at_10": 0.1},
            {"segments": {"popular_half": tuple(range(750)), "unpopular_half": ()}},
            "no item of the unpopular_half is held out",
        ),
        (
            {"candidates_kept": 0.1},
            {"segments": {"popular_half": tuple(range(750)), "unpopular_half": ()}},
            "no item of the unpopular_half is held out",
        ),
    ],
)
def test_hit_rates_among_candidates_that_nothing_shows_are_unproven(
    limits: dict[str, float],
    changes: dict[str, object],
    sentence: str,
    ranked: tuple[ModelFile, Quality],
    report_of: MakeReport,
) -> None:
    file, quality = ranked
    assert file.bundle is not None
    report = report_of(file.bundle, quality=replace(quality, **changes))  # type: ignore[arg-type]
    verdict = check(file, {"pi.json": report}, budget(**limits))
    assert sentence in verdict.of("unproven")[-1].reason


def test_candidates_kept_without_float32s_ranks_among_them_is_unproven(
    file: ModelFile, ranked: tuple[ModelFile, Quality], report_of: MakeReport
) -> None:
    assert file.bundle is not None
    report = report_of(file.bundle, quality=ranked[1])
    verdict = check(file, {"pi.json": report}, budget(candidates_kept=0.1))
    assert {check.reason for check in verdict.of("unproven")} == {
        f"there is no {CANDIDATE_RANKS} to compare with float32: make the bundle again"
    }
    assert len(verdict.of("unproven")) == 2


def test_a_half_in_which_float32_has_few_hits_is_no_evidence_whatever_is_kept(
    tmp_path: Path, rebuilt: Rebuilt, ranked: tuple[ModelFile, Quality], report_of: MakeReport
) -> None:
    members = rebuilt({CANDIDATE_RANKS: to_npy(np.array(hits(240, 199), np.int32))})
    bundle = bundle_format.write(tmp_path / "few.edgerec", members)
    report = report_of(bundle, quality=replace(ranked[1], candidate_ranks=hits(240, 199)))
    verdict = check(read_model_file(tmp_path / "few.edgerec"), {"pi.json": report}, budget(candidates_kept=0.95))
    assert not verdict
    assert one(verdict, "candidates_kept", "popular_half").held is True
    few = one(verdict, "candidates_kept", "unpopular_half")
    assert (few.state, few.held, few.measured, few.remedy) == ("no evidence", None, 1.0, "")
    assert "float32 has 199 hits in the unpopular half and 200 are needed" in few.reason
    assert not verdict.of("unproven")


def test_the_interval_stands_beside_what_is_kept_and_strict_asks_its_lower_end(
    ranked: tuple[ModelFile, Quality], report_of: MakeReport
) -> None:
    file, quality = ranked
    assert file.bundle is not None
    reports = {"pi.json": report_of(file.bundle, quality=quality)}
    held = check(file, reports, budget(candidates_kept=0.94))
    check_of_half = one(held, "candidates_kept", "unpopular_half")
    assert held
    assert check_of_half.interval is not None
    assert 0.92 < check_of_half.interval.low < 0.94 < check_of_half.interval.high < 0.98
    strict = check(file, reports, replace(budget(candidates_kept=0.94), strict=Switch(True, "edgerec.toml:9")))
    missed = one(strict, "candidates_kept", "unpopular_half")
    assert (missed.state, missed.measured, missed.interval) == ("missed", 0.95, check_of_half.interval)
    assert missed.excess == pytest.approx(0.94 - check_of_half.interval.low)


def test_with_several_reports_the_least_that_is_kept_counts(
    ranked: tuple[ModelFile, Quality], report_of: MakeReport
) -> None:
    file, quality = ranked
    assert file.bundle is not None
    better = report_of(file.bundle, quality=replace(quality, candidate_ranks=hits(240, 400)))
    reports = {"better.json": better, "worse.json": report_of(file.bundle, quality=quality)}
    for order in (reports, dict(reversed(reports.items()))):
        missed = one(check(file, order, budget(candidates_kept=0.96)), "candidates_kept", "popular_half")
        assert (missed.held, missed.measured, missed.source) == (False, 0.95, "worse.json")


def test_coverage_is_held_to_what_float32_recommends_at_the_k_that_is_asked_for(
    file: ModelFile, report: DeviceReport, tiny_quality: Quality
) -> None:
    before = tiny_quality.recommended_items
    fewer = tuple(count // 2 if k == 15 else count for k, count in enumerate(before, 1))
    lost = replace(report, quality=replace(tiny_quality, recommended_items=fewer))
    verdict = check(
        file, {"pi.json": lost}, budget(coverage_kept=1.0, coverage_kept_at_15=0.9, coverage_kept_at_21=0.9)
    )
    assert one(verdict, "coverage_kept").held is True
    assert one(verdict, "coverage_kept").interval is None
    assert one(verdict, "coverage_kept_at_15").measured == (before[14] // 2) / before[14]
    assert one(verdict, "coverage_kept_at_15").held is False
    deeper = "coverage was counted for lists of up to 20 items: take a smaller k"
    assert one(verdict, "coverage_kept_at_21").reason == deeper


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        (None, f"there is no {COVERAGE} to compare with float32: make the bundle again"),
        (to_npy(np.array([5, 41], np.int32)), f"{COVERAGE} does not fit the report"),
        (to_npy(np.array([5] * 19, np.int32)), "coverage was counted for lists of up to 19 items"),
    ],
)
def test_coverage_without_float32s_or_with_that_of_another_catalogue_is_unproven(
    tmp_path: Path, rebuilt: Rebuilt, report_of: MakeReport, member: bytes | None, sentence: str
) -> None:
    bundle = bundle_format.write(tmp_path / "old.edgerec", rebuilt({COVERAGE: member}))
    reports = {"pi.json": report_of(bundle)}
    unproven = check(read_model_file(tmp_path / "old.edgerec"), reports, budget(coverage_kept_at_20=0.9))
    assert not unproven
    assert sentence in one(unproven, "coverage_kept_at_20").reason


def test_default_floors_are_checked_without_a_limit_of_their_own(file: ModelFile, report: DeviceReport) -> None:
    verdict = check(file, {"pi.json": report}, Budget(floors=Switch(True, "edgerec.toml:2")))
    assert {check.name: check.state for check in verdict.checks if check.where} == {
        "recall_kept_at_20": "held",
        "ndcg_kept_at_20": "held",
        "candidates_kept_at_10": "unproven",
        "coverage_kept_at_20": "held",
    }
    assert {check.where for check in verdict.checks} == {"", "edgerec.toml:2"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tolerance": 0.01}, "the report allows a tolerance of 0.01 where the bundle states 0.0001"),
        ({"float_overlap_floor": 0.9}, "the report asks for a float overlap of 0.9 where the bundle promises 0.99"),
    ],
)
def test_golden_outputs_held_to_less_than_the_bundle_states_are_no_evidence(
    changes: dict[str, float], sentence: str, file: ModelFile, report: DeviceReport
) -> None:
    assert report.golden is not None
    looser = replace(report, golden=replace(report.golden, **changes))  # type: ignore[arg-type]
    verdict = check(file, {"pi.json": looser}, budget(top_k_overlap=0.9))
    assert not verdict
    for name in ("golden", "top_k_overlap"):
        assert (one(verdict, name).held, one(verdict, name).reason) == (None, sentence)
    failed = replace(looser, golden=replace(looser.golden, held=False, reason="far off"))  # type: ignore[type-var]
    assert one(check(file, {"pi.json": failed}, budget(golden=True)), "golden").held is False
    stricter = replace(report, golden=replace(report.golden, tolerance=0.00001, float_overlap_floor=0.995))
    assert check(file, {"pi.json": stricter}, budget(top_k_overlap=0.9))


def test_a_bare_tflite_is_held_to_what_its_model_says_and_told_what_needs_a_bundle(
    bare: ModelFile, report_of: MakeReport, tiny_tflite: bytes
) -> None:
    report = report_of(tiny_tflite)
    verdict = check(
        bare, {"pi.json": report}, budget(app_bytes=len(tiny_tflite), p50="2 ms", recall_at_10=0.1, user_table=False)
    )
    assert one(verdict, "app_bytes").held is True
    assert one(verdict, "p50").held is True
    assert one(verdict, "recall_at_10").held is None
    assert one(verdict, "recall_at_10").remedy == f"edgerec pack {bare.name}"
    assert one(verdict, "user_table").held is None
    assert one(verdict, "user_table").remedy == f"edgerec pack {bare.name}"


def test_a_report_of_the_bundle_proves_latency_of_the_same_bare_model(bare: ModelFile, report: DeviceReport) -> None:
    assert check(bare, {"pi.json": report}, budget(p50="2 ms"))


def test_a_manifest_that_names_another_signature_than_the_model_has_is_missed(
    tmp_path: Path, rebuilt: Rebuilt, tiny_manifest: Manifest
) -> None:
    (history,) = tiny_manifest.inputs
    wrong = {
        "output": {"output": "logits"},
        "signature": {"signature": "predict"},
        "ids": {"inputs": (replace(history, ids=42, padding_id=41),)},
    }
    for name, changes in wrong.items():
        bundle_format.write(tmp_path / f"{name}.edgerec", rebuilt(**changes))
        verdict = check(read_model_file(tmp_path / f"{name}.edgerec"), {}, budget(app_bytes="1 MiB"))
        assert one(verdict, "signature").held is False, name
        assert not verdict


def test_a_vector_of_another_length_than_the_model_takes_is_missed(tmp_path: Path, tiny_factors: Any) -> None:
    path = tiny_factors.bundle(tmp_path / "factors.edgerec")
    assert one(check(read_model_file(path), {}, budget(app_bytes="1 MiB", user_table=False)), "signature").held
    bundle = bundle_format.read(path)
    longer = replace(bundle.manifest, inputs=(replace(bundle.manifest.inputs[0], length=9),))
    members = {**bundle.app, bundle_format.MANIFEST: record.dumps(longer).encode()}
    bundle_format.write(tmp_path / "longer.edgerec", members)
    missed = one(check(read_model_file(tmp_path / "longer.edgerec"), {}, budget(app_bytes="1 MiB")), "signature")
    assert (missed.held, missed.reason) == (False, "vector has 9 numbers and the model takes [8]")


def test_a_user_table_is_refused_when_the_budget_says_so(
    tmp_path: Path, rebuilt: Rebuilt, tiny_manifest: Manifest
) -> None:
    (history,) = tiny_manifest.inputs
    users = bundle_format.join_lines(("u1", "u2"))
    user = replace(history, name="history", role="user", length=0)
    changes: dict[str, bytes | None] = {bundle_format.USERS: users, "proof/eval_input_history.npy": None}
    bundle_format.write(tmp_path / "user.edgerec", rebuilt(changes, inputs=(user,)))
    verdict = check(read_model_file(tmp_path / "user.edgerec"), {}, budget(user_table=False))
    assert one(verdict, "user_table").held is False


def test_warnings_of_a_report_are_notes(file: ModelFile, report: DeviceReport) -> None:
    noisy = replace(report, warnings=("the machine was not quiet",))
    assert check(file, {"pi.json": noisy}, budget(p50="2 ms")).notes == ("pi.json: the machine was not quiet",)


def test_a_verdict_without_checks_is_not_true() -> None:
    assert not Verdict("nothing", "0" * 64, ())


def test_what_was_dropped_counts_against_what_is_kept_of_float32s_and_of_its_coverage(
    file: ModelFile, report: DeviceReport
) -> None:
    quality = report.quality
    assert quality is not None
    assert file.bundle is not None
    limits = budget(recall_kept_at_10=0.5, coverage_kept_at_10=0.9)
    whole = check(file, {"r.json": report}, limits)
    assert [one(whole, name).measured for name in ("recall_kept_at_10", "coverage_kept_at_10")] == [1.0, 1.0]
    first = min(index for index, rank in enumerate(quality.ranks) if rank <= 10)
    ranks = tuple(40 - 15 + 1 if index == first else min(rank, 25) for index, rank in enumerate(quality.ranks))
    counts = tuple(min(count, 20) for count in quality.recommended_items)
    few = replace(quality, items=25, dropped=15, ranks=ranks, recommended_items=counts)
    verdict = check(file, {"r.json": replace(report, quality=few, warnings=("15 of 40 items were dropped",))}, limits)
    hits = sum(rank <= 10 for rank in quality.ranks)
    assert one(verdict, "recall_kept_at_10").measured == pytest.approx((hits - 1) / hits)
    assert one(verdict, "coverage_kept_at_10").measured == pytest.approx(counts[9] / quality.recommended_items[9])
    assert verdict.notes == ("r.json: 15 of 40 items were dropped",)
