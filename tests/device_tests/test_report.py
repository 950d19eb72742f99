"""Reports: read back as written, refused when they cannot be, and what follows from their raw values."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_tests import metrics, report
from device_tests.conditions import Conditions, Moment
from device_tests.counts import Count, Counts
from device_tests.errors import ReportError
from device_tests.measurement import Faults, Latency, Memory, Second, Start, Storage, Sustained
from device_tests.report import Board, DeviceReport, GoldenResult, Quality

BOARD = Board(
    "x86_64",
    "Linux",
    "6.1",
    "cpu",
    2,
    1 << 30,
    "3.11.7",
    "1.26.4",
    "tflite-runtime",
    "2.14.0",
    1,
)
GOLDEN = GoldenResult(10, 5, 0.001, 0.01, 1.0, True, 0.99, 0.98, 0.9, True, "")
QUALITY = Quality(
    2, 30, 3, (0, 2, 2, 5), (1, 9, 3, 2, 30), (7, 12, *[20] * 18), 29.5,
    {"head": (0, 3), "middle": (), "tail": (1, 2, 4), "short_history": (0, 1), "long_history": (2, 3, 4)}, 0, (),
)  # fmt: skip
RANKED = replace(
    QUALITY, negatives=4, candidate_ranks=(1, 5, 2, 1, 4),
    segments={"popular_half": (0, 3, 4), "unpopular_half": (1, 2)},
)  # fmt: skip
STARTS = (Start(1000, 90, Faults(70, 1), Faults(3, 0)), Start(900, 95, None, None), Start(2000, 80, None, None))
LATENCY = Latency(STARTS, (10, 30, 20, 40), (9, 28, 18, 38), Faults(0, 0), 1, 1, 1, 1, 1, "eval set")
SUSTAINED = Sustained((Second(0, 3, (5, 7)), Second(9, 2, (4, 4))))
BEFORE = Moment("before", 0, "performance", 1_500_000, 41.5, False, 0, 0.1, 1 << 29)
CONDITIONS = Conditions((BEFORE, replace(BEFORE, phase="after", at_ns=90, temperature_c=None)), "off")
MEMORY = Memory(100, 200, None, None, 1 << 20, 4)
COUNTS = Counts(Count(900, 9, 8), Count(500, 5, 4), (Count(70, 7, 6),), (Count(30, 3, 2),), Count(20, 2, 1), "eval set")
FULL = DeviceReport(
    2, "measured", "a" * 64, "b" * 64, BOARD, GOLDEN, QUALITY, LATENCY, MEMORY, ("loud",),
    (replace(LATENCY, threads=2),), SUSTAINED, Storage(1000, 900, 80), CONDITIONS,
)  # fmt: skip
EMPTY = DeviceReport(2, "emulated", None, "b" * 64, BOARD, None, None, None, None, ())
COUNTED = replace(EMPTY, counts=COUNTS)


@pytest.mark.parametrize("made", [FULL, EMPTY, COUNTED, replace(FULL, quality=RANKED)])
def test_a_report_is_read_as_it_was_written(made: DeviceReport, tmp_path: Path) -> None:
    report.write(tmp_path / "r.json", made)
    assert report.read(tmp_path / "r.json") == made
    assert report.loads(report.dumps(made)) == made
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_report_from_the_future_says_so() -> None:
    later = {**json.loads(report.dumps(FULL)), "version": 3, "flavour": "new"}
    with pytest.raises(ReportError) as refused:
        report.loads(json.dumps(later), "r.json")
    assert str(refused.value) == "r.json has version 3, from a newer edgerec; this one reads version 2: upgrade it"


@pytest.mark.parametrize("text", ["[]", "{}", '{"x": 1}', '{"version": true}'])
def test_json_that_is_no_report_says_what_writes_one(text: str) -> None:
    with pytest.raises(ReportError) as refused:
        report.loads(text, "r.json")
    assert str(refused.value) == "r.json is no report: it has no version; `edgerec bench FILE -o r.json` writes one"


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"version":"1"}', report.dumps(FULL)[:-20]])
def test_what_is_no_report_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ReportError, match=r"^r[^\n]+$"):
        report.loads(text, "r")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 0}, "version should be 2"),
        ({"provenance": "guessed"}, "provenance should be one of measured, emulated"),
        ({"bundle_sha256": "A" * 64}, "bundle_sha256 should be 64 hexadecimal digits or null"),
        ({"model_sha256": "b"}, "model_sha256 should be 64 hexadecimal digits"),
        ({"golden": replace(GOLDEN, held=False)}, "a reason exactly when it is not held"),
        ({"golden": replace(GOLDEN, reason="far off")}, "a reason exactly when it is not held"),
        ({"golden": replace(GOLDEN, largest_difference=0.02)}, "held with a difference of 0.02 over 0.01"),
        ({"golden": replace(GOLDEN, decoded_users=0)}, "held with no decoded users"),
        ({"golden": replace(GOLDEN, order_held=False)}, "held with an order that is not"),
        ({"golden": replace(GOLDEN, decoded_overlap=0.97)}, "held with a decoded overlap of 0.97, below 0.98"),
        ({"golden": replace(GOLDEN, float_overlap=0.97)}, "held with a float overlap of 0.97, below 0.98"),
        ({"quality": replace(QUALITY, users=2)}, "one entry more than users"),
        ({"quality": replace(QUALITY, offsets=(0, 3, 2, 5))}, "rise from 0"),
        ({"quality": replace(QUALITY, offsets=(0, 2, 2, 4))}, "rise from 0"),
        ({"quality": replace(QUALITY, offsets=(1, 2, 2, 5))}, "rise from 0"),
        ({"quality": replace(QUALITY, ranks=(0, 9, 3, 2, 30))}, "ranks should be 1 to 30"),
        ({"quality": replace(QUALITY, ranks=(1, 9, 3, 2, 31))}, "ranks should be 1 to 30"),
        ({"quality": replace(QUALITY, k=31)}, "k should be 1 to 30, not 31"),
        ({"quality": replace(QUALITY, items=0, ranks=(), offsets=(0, 0, 0, 0))}, "items should be at least 1"),
        ({"quality": replace(QUALITY, recommended_items=(12,) * 19)}, "recommended_items should be 20, not 19"),
        ({"quality": replace(QUALITY, recommended_items=(*[12] * 19, 31))}, "should rise and not exceed 30"),
        ({"quality": replace(QUALITY, recommended_items=(12, 11, *[20] * 18))}, "should rise and not exceed 30"),
        ({"quality": replace(QUALITY, segments={"head": (5,)})}, "segments.head should index each rank once"),
        ({"quality": replace(QUALITY, segments={"head": (1, 1)})}, "segments.head should index each rank once"),
        ({"quality": replace(QUALITY, negatives=-1)}, "negatives should be 0 to 29, not -1"),
        ({"quality": replace(RANKED, negatives=30)}, "negatives should be 0 to 29, not 30"),
        ({"quality": replace(RANKED, candidate_ranks=())}, "candidate_ranks should be 5, not 0"),
        ({"quality": replace(QUALITY, candidate_ranks=(1, 5, 2, 1, 4))}, "candidate_ranks should be 0, not 5"),
        ({"quality": replace(RANKED, candidate_ranks=(0, 5, 2, 1, 4))}, "candidate_ranks should be 1 to 5"),
        ({"quality": replace(RANKED, candidate_ranks=(1, 6, 2, 1, 4))}, "candidate_ranks should be 1 to 5"),
        ({"quality": replace(RANKED, candidate_ranks=(2, 5, 2, 1, 4))}, "should not exceed quality.ranks"),
        ({"quality": replace(RANKED, segments={"popular_half": (0, 1, 2, 3, 4)})}, "one of popular_half and unpop"),
        ({"quality": replace(RANKED, segments={**RANKED.segments, "popular_half": (0, 3)})}, "one of popular_half"),
        ({"quality": replace(RANKED, segments={**RANKED.segments, "popular_half": (0, 2, 3, 4)})}, "one of popular_"),
        ({"latency": replace(LATENCY, warm_ns=(), invoke_ns=())}, "at least 1"),
        ({"latency": replace(LATENCY, invoke_ns=(1,))}, "as many invoke_ns as warm_ns"),
        ({"latency": replace(LATENCY, starts=(replace(STARTS[0], load_ns=-1),))}, "no negative time"),
        ({"latency": replace(LATENCY, starts=())}, "at least one start"),
        ({"latency": replace(LATENCY, threads=0)}, "threads should be at least 1"),
        ({"more_threads": (replace(LATENCY, batch=0),)}, "batch should be at least 1"),
        ({"sustained": Sustained(())}, "at least one second"),
        ({"sustained": Sustained((Second(0, 1, (5, 7)),))}, "keep some of the calls"),
        ({"sustained": Sustained((Second(0, 1, ()),))}, "keep some of the calls"),
        ({"sustained": Sustained((Second(9, 1, (5,)), Second(0, 1, (5,))))}, "seconds should rise"),
        ({"conditions": Conditions((BEFORE,))}, "a moment before and one after"),
        ({"conditions": Conditions(CONDITIONS.moments[::-1])}, "moments should rise"),
        ({"conditions": replace(CONDITIONS, screen="dim")}, "screen should be on, off or null, not 'dim'"),
        ({"latency": replace(LATENCY, batch=0)}, "batch should be at least 1"),
    ],
)
def test_a_report_that_cannot_be_is_neither_written_nor_read(change: dict[str, object], sentence: str) -> None:
    wrong = replace(FULL, **change)
    with pytest.raises(ReportError) as refused:
        report.dumps(wrong)
    assert sentence in str(refused.value)
    with pytest.raises(ReportError) as refused:
        report.loads(report.record.dumps(wrong))
    assert sentence in str(refused.value)


def test_metrics_follow_from_the_ranks() -> None:
    assert QUALITY.metric("recall", 2) == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert QUALITY.metric("hit_rate", 1) == 0.5
    assert QUALITY.metric("mrr", 10) == pytest.approx((1 + 1 / 2) / 2)
    assert QUALITY.metric("recall", 2, "head") == 1
    assert QUALITY.metric("recall", 3, "tail") == 0.25
    assert QUALITY.metric("recall", 1, "short_history") == 0.5
    assert QUALITY.per_user("recall", 3, "tail") == (0.0, 0.5)


def test_coverage_is_told_for_every_list_that_it_was_counted_for() -> None:
    assert (QUALITY.coverage(), QUALITY.coverage(1), QUALITY.coverage(20)) == (12 / 30, 7 / 30, 20 / 30)
    for k in (0, 21):
        with pytest.raises(ReportError, match=f"coverage was counted for lists of 1 to 20 items, not {k}"):
            QUALITY.coverage(k)
    few = replace(QUALITY, items=5, recommended_items=(1, 2, 3, 4, 5))
    assert few.coverage(20) == 1, "a list of all items is as long as any"


def test_hits_among_candidates_are_counted_by_user_and_rated_over_all_held_out_items() -> None:
    assert RANKED.candidate_hits(1) == ((1, 2), (1, 3))
    assert RANKED.candidate_hits(2, "popular_half") == ((1, 1), (1, 2))
    assert RANKED.candidate_hits(2, "unpopular_half") == ((0, 1), (1, 1))
    assert RANKED.candidate_hit_rate(1) == 2 / 5
    assert RANKED.candidate_hit_rate(2, "popular_half") == pytest.approx(2 / 3)
    assert RANKED.candidate_hit_rate(1, "unpopular_half") == 0


def test_hits_among_candidates_that_cannot_be_told_are_refused() -> None:
    with pytest.raises(ReportError, match="no held-out item was ranked among candidates"):
        QUALITY.candidate_hits(10)
    with pytest.raises(ReportError, match="no segment 'tail'"):
        RANKED.candidate_hits(10, "tail")
    everything = {"popular_half": (0, 1, 2, 3, 4), "unpopular_half": ()}
    with pytest.raises(ReportError, match="no user has a held-out item in segment unpopular_half"):
        replace(RANKED, segments=everything).candidate_hit_rate(10, "unpopular_half")


@given(data=st.data())
def test_a_segment_is_the_users_with_the_other_ranks_left_out(data: st.DataObject) -> None:
    users = data.draw(st.lists(st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=4), max_size=5))
    flat = [rank for user in users for rank in user]
    offsets = tuple(np.cumsum([0, *map(len, users)]).tolist())
    chosen = tuple(index for index, (_, inside) in enumerate(flat) if inside)
    quality = Quality(1, 30, len(users), offsets, tuple(rank for rank, _ in flat), (0,) * 20, 1.0, {"s": chosen}, 0, ())
    kept = [[rank for rank, inside in user if inside] for user in users]
    expected = tuple(metrics.ndcg(ranks, 10) for ranks in kept if ranks)
    assert quality.per_user("ndcg", 10, "s") == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("precision", 2), "no metric 'precision': there are hit_rate, mrr, ndcg, recall"),
        (("recall", 2, "new"), "no segment 'new': there are head, long_history, middle, short_history, tail"),
        (("recall", 2, "middle"), "recall@2 of segment middle: no user has a held-out item here"),
        (("recall", 0), "recall@0 of segment all: k is at least 1"),
    ],
)
def test_what_cannot_be_told_is_refused(arguments: tuple[str, int], sentence: str) -> None:
    with pytest.raises(ReportError) as refused:
        QUALITY.metric(*arguments)
    assert sentence in str(refused.value)


@given(values=st.lists(st.integers(0, 100), min_size=1), q=st.integers(0, 100))
def test_a_percentile_is_one_of_the_values(values: list[int], q: int) -> None:
    latency = replace(LATENCY, warm_ns=tuple(values), invoke_ns=tuple(values))
    assert latency.p(q) == int(np.percentile(values, q, method="inverted_cdf"))


def test_what_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"not JSON compliant"):
        report.dumps(replace(FULL, golden=replace(GOLDEN, identical_lists=math.nan)))


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"^cannot write "):
        report.write(tmp_path / "none" / "r.json", FULL)
    with pytest.raises(ReportError, match=r"^cannot read "):
        report.read(tmp_path)
    assert list(tmp_path.iterdir()) == []


DROPPED = replace(RANKED, items=20, dropped=10, ranks=(1, 9, 3, 2, 21), candidate_ranks=(1, 5, 2, 1, 5))


def test_a_held_out_item_that_was_dropped_is_a_miss_in_every_metric() -> None:
    made = replace(FULL, quality=DROPPED)
    assert report.loads(report.dumps(made)) == made
    assert (DROPPED.catalogue, DROPPED.held_out_dropped) == (30, 1)
    for name in metrics.METRICS:
        assert DROPPED.metric(name, 20) == replace(DROPPED, ranks=(1, 9, 3, 2, 1 << 20)).metric(name, 20)
    assert DROPPED.coverage(2) == 12 / 30


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"ranks": (1, 9, 3, 2, 22)}, "quality.ranks should be 1 to 21"),
        ({"dropped": 0}, "quality.ranks should be 1 to 20"),
        ({"dropped": -1}, "quality.dropped should be 0 or more, not -1"),
        ({"candidate_ranks": (1, 5, 2, 1, 4)}, "quality.candidate_ranks should be 5 of what was dropped"),
        ({"negatives": 30}, "quality.negatives should be 0 to 29, not 30"),
    ],
)
def test_a_quality_after_dropping_that_cannot_be_is_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ReportError, match=sentence):
        report.dumps(replace(FULL, quality=replace(DROPPED, **wrong)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (replace(FULL, counts=COUNTS), "counts are an emulator's, and provenance should say so"),
        (replace(EMPTY, counts=replace(COUNTS, invoke=())), "counts should have at least 1 invoke"),
        (replace(EMPTY, counts=replace(COUNTS, load=Count(1, -1, 1))), "counts should hold no negative number"),
        (replace(FULL, quality=replace(QUALITY, sample_of=3)), "quality.sample_of should be more than 3 (the users)"),
    ],
)
def test_counts_and_samples_that_cannot_be_are_refused(made: DeviceReport, problem: str) -> None:
    with pytest.raises(ReportError) as refused:
        report.dumps(made)
    assert problem in str(refused.value)


def test_more_segments_than_anybody_reads_are_refused() -> None:
    segments = {f"s{number}": () for number in range(65)}
    with pytest.raises(ReportError, match=r"quality.segments should be at most 64, not 65"):
        report.dumps(replace(FULL, quality=replace(QUALITY, segments=segments)))
