"""Floors with known shares, and what holds for any ranks."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_tests.metrics import HALVES
from device_tests.report import Quality
from edgerec.floors import DEFAULT, Floor, FloorError, Floors, judged, kept

ITEMS = 200


def quality(ranks: tuple[int, ...], among: tuple[int, ...] = (), recommended: tuple[int, ...] = (50,) * 20) -> Quality:
    """Give a quality of users with one held-out item each, the first half of which are popular."""
    half = len(ranks) // 2
    segments = {HALVES[0]: tuple(range(half)), HALVES[1]: tuple(range(half, len(ranks)))}
    offsets = tuple(range(len(ranks) + 1))
    return Quality(10, ITEMS, len(ranks), offsets, ranks, recommended, 1.0, segments, 99 if among else 0, among)


def hits(first: int, second: int, of: int = 600) -> tuple[int, ...]:
    """Give ranks of twice `of` items, so many of each half among the first 10."""
    return tuple(rank for found in (first, second) for rank in [10] * found + [11] * (of - found))


FLOAT32 = quality((20,) * 1000 + (21,) * 200, hits(400, 200), (*[0] * 19, 100))


def test_the_default_floors_are_those_of_the_documentation() -> None:
    assert [(one.quantity, one.k, one.share, one.half) for one in DEFAULT] == [
        ("recall", 20, 0.99, ""),
        ("ndcg", 20, 0.99, ""),
        ("candidates", 10, 0.95, "popular_half"),
        ("candidates", 10, 0.95, "unpopular_half"),
        ("coverage", 20, 0.90, ""),
    ]


def test_a_candidate_at_every_floor_holds_and_is_missed_one_hit_or_item_below() -> None:
    at = quality((20,) * 990 + (21,) * 210, hits(380, 190), (*[0] * 19, 90))
    verdict = judged(Floors(), FLOAT32, at)
    assert verdict, verdict
    assert [one.estimate for one in verdict.each] == pytest.approx([0.99, 0.99, 0.95, 0.95, 0.9])
    below = quality((20,) * 989 + (21,) * 211, hits(379, 189), (*[0] * 19, 89))
    missed = judged(Floors(), FLOAT32, below)
    assert not missed
    assert [one.state for one in missed.each] == ["missed"] * 5
    assert [one.state for one in judged(Floors(), FLOAT32, replace(at, recommended_items=(89,) * 20)).each] == [
        "held", "held", "held", "held", "missed",
    ]  # fmt: skip


def test_a_half_needs_200_hits_of_float32_to_be_evidence() -> None:
    float32 = replace(FLOAT32, candidate_ranks=hits(400, 199))
    verdict = judged(Floors(), float32, float32)
    assert not verdict
    assert [one.state for one in verdict.each] == ["held", "held", "held", "no evidence", "held"]
    few = verdict.each[3]
    assert few.estimate == 1
    assert few.reason == (
        "float32 has 199 hits in the unpopular half and 200 are needed: hold more out with holdout under [data]"
    )
    none = replace(FLOAT32, candidate_ranks=hits(400, 0))
    assert (judged(Floors(), none, none).each[3].state, judged(Floors(), none, none).each[3].estimate) == (
        "no evidence", None,
    )  # fmt: skip


def test_ndcg_weighs_the_place_and_recall_does_not() -> None:
    first, last = quality((1,) * 400), quality((3,) * 400)
    assert kept(Floor("recall", 3, 1.0), first, last)
    half = kept(Floor("ndcg", 3, 0.5), first, last)
    assert (half.state, half.estimate) == ("held", 0.5)


def test_the_interval_is_that_of_the_paired_difference() -> None:
    """The users who differ decide, not how far users are apart: one of 1,000 in 1,000 is worth 0.1 %, give or take."""
    recall = Floor("recall", 20, 0.99)
    same = kept(recall, FLOAT32, FLOAT32)
    assert same.interval is not None
    assert (same.interval.low, same.interval.high) == (1, 1)
    lost = quality((21,) * 5 + (20,) * 995 + (21,) * 200, hits(400, 200))
    found = kept(recall, FLOAT32, lost)
    assert found.interval is not None
    assert found.interval.high - found.interval.low == pytest.approx(2 * 1.96 * 0.005**0.5 / 1000**0.5, rel=0.15)


def test_without_intervals_the_same_is_held_and_only_strict_has_one() -> None:
    lost = quality((21,) * 5 + (20,) * 995 + (21,) * 200, hits(400, 200))
    for strict in (False, True):
        whole, short = (judged(Floors(strict=strict), FLOAT32, lost, intervals=each) for each in (True, False))
        assert [(one.state, one.figure) for one in whole.each] == [(one.state, one.figure) for one in short.each]
        assert [one.interval is not None for one in short.each if one.floor.quantity != "coverage"] == [strict] * 4


def test_strict_asks_the_lower_end_and_coverage_has_none() -> None:
    lost = quality((20,) * 993 + (21,) * 207, hits(400, 200), (*[0] * 19, 95))
    plain, strict = judged(Floors(), FLOAT32, lost), judged(Floors(strict=True), FLOAT32, lost)
    assert plain
    assert [one.state for one in strict.each] == ["missed", "missed", "held", "held", "held"]
    for one, asked in zip(plain.each, strict.each, strict=True):
        assert (one.estimate, one.interval) == (asked.estimate, asked.interval)
        assert one.figure == one.estimate
        assert asked.figure == (asked.estimate if asked.interval is None else asked.interval.low)


@pytest.mark.parametrize(
    ("floor", "changes", "sentence"),
    [
        (Floor("recall", 20, 0.9), {"ranks": (21,) * 1200}, "float32's recall is 0, of which nothing can be kept"),
        (Floor("coverage", 20, 0.9), {"recommended_items": (0,) * 20}, "float32 recommends nothing"),
        (Floor("coverage", 20, 0.9), {"recommended_items": (1,) * 10}, "lists of up to 10 items: take a smaller k"),
    ],
)
def test_what_float32_does_not_have_cannot_be_kept(floor: Floor, changes: dict[str, object], sentence: str) -> None:
    found = kept(floor, replace(FLOAT32, **changes), FLOAT32)  # type: ignore[arg-type]
    assert (found.state, found.estimate) == ("unproven", None)
    assert sentence in found.reason


def test_a_lower_end_that_nobody_can_tell_is_not_held() -> None:
    """One user with a hit is in half of the resamples, so there is no interval; the estimate alone is not strict."""
    alone = quality((1,) + (21,) * 399)
    assert kept(Floor("recall", 20, 0.99), alone, alone)
    strict = kept(Floor("recall", 20, 0.99), alone, alone, strict=True)
    assert (strict.state, strict.estimate, strict.interval) == ("unproven", 1, None)
    assert "to tell the lower end that strict = true asks of" in strict.reason


@pytest.mark.parametrize(
    ("quantity", "changes", "sentence"),
    [
        ("candidates", {"negatives": 0, "candidate_ranks": ()}, "candidates = 99 under [data]"),
        (
            "candidates",
            {"segments": {HALVES[0]: (), HALVES[1]: tuple(range(1200))}},
            "no item of the popular_half is held",
        ),
        ("recall", {"ranks": (), "offsets": (0,) * 1201}, "nothing is held out"),
    ],
)
def test_what_the_held_out_items_cannot_tell_is_unproven(
    quantity: str, changes: dict[str, object], sentence: str
) -> None:
    empty = replace(FLOAT32, **changes)  # type: ignore[arg-type]
    found = kept(Floor(quantity, 10, 0.5, HALVES[0] if quantity == "candidates" else ""), empty, empty)
    assert found.state == "unproven"
    assert sentence in found.reason


def test_a_list_as_long_as_the_candidates_tells_nothing() -> None:
    for k, said in ((99, ""), (100, "every item is among the first 100 of its 100 candidates: take a smaller k")):
        assert kept(Floor("candidates", k, 0.5, HALVES[0]), FLOAT32, FLOAT32).reason == said


@pytest.mark.parametrize("changes", [{"items": 201}, {"offsets": (0, 2, *range(2, 1200), 1200)}, {"negatives": 98}])
def test_qualities_of_other_held_out_items_are_not_compared(changes: dict[str, object]) -> None:
    with pytest.raises(FloorError, match="measure both on the same held-out items"):
        judged(Floors(), FLOAT32, replace(FLOAT32, **changes))  # type: ignore[arg-type]


def test_no_floors_hold_nothing() -> None:
    assert not judged(Floors(()), FLOAT32, FLOAT32)


RANKS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=20, max_size=60)


@settings(deadline=None, max_examples=40)
@given(RANKS, st.sampled_from(["recall", "ndcg", "hit_rate", "mrr"]), st.integers(1, 30), st.floats(0, 1))
def test_strict_holds_nowhere_that_the_estimate_does_not_and_a_lower_floor_holds_where_a_higher_does(
    ranks: list[tuple[int, int]], quantity: str, k: int, share: float
) -> None:
    before, after = (quality(tuple(pair[side] for pair in ranks)) for side in (0, 1))
    floor = Floor(quantity, k, share)
    plain, strict = kept(floor, before, after), kept(floor, before, after, strict=True)
    assert plain or not strict
    if plain.interval is not None and plain.estimate is not None:
        assert plain.interval.low <= plain.interval.high
        assert bool(strict) is (plain.interval.low >= share)
    assert kept(replace(floor, share=share / 2), before, after) or not plain


@settings(deadline=None, max_examples=40)
@given(RANKS, st.sampled_from(["recall", "ndcg"]), st.integers(1, 30))
def test_what_ranks_as_float32_does_keeps_all_of_it(ranks: list[tuple[int, int]], quantity: str, k: int) -> None:
    same = quality(tuple(first for first, _ in ranks))
    found = kept(Floor(quantity, k, 1.0), same, same)
    assert found.state == "held" or found.reason


def test_what_was_dropped_counts_against_every_floor_and_coverage_is_of_the_whole_catalogue() -> None:
    few = replace(FLOAT32, items=ITEMS // 2, dropped=ITEMS // 2)
    assert [one.estimate for one in judged(Floors(), FLOAT32, few).each] == pytest.approx([1.0] * 5)
    ranks = tuple(ITEMS // 2 + 1 if place < 100 else rank for place, rank in enumerate(few.ranks))
    among = tuple(100 if place < 100 else rank for place, rank in enumerate(few.candidate_ranks))
    lost = judged(Floors(), FLOAT32, replace(few, ranks=ranks, candidate_ranks=among, recommended_items=(50,) * 20))
    assert [one.estimate for one in lost.each] == pytest.approx([0.9, 0.9, 0.75, 1.0, 0.5])
    with pytest.raises(FloorError, match="of 1200 users and 100 items cannot be held to float32 of 1200 and 200"):
        judged(Floors(), FLOAT32, replace(few, dropped=0))


def test_a_metric_is_kept_in_one_segment_by_the_users_who_have_an_item_there() -> None:
    tail = {**FLOAT32.segments, "tail": tuple(range(400, 700))}
    float32 = replace(FLOAT32, segments=tail)
    ranks = tuple(21 if 400 <= place < 430 else rank for place, rank in enumerate(FLOAT32.ranks))
    worse = replace(float32, ranks=ranks)
    assert kept(Floor("recall", 20, 0.97), float32, worse).estimate == pytest.approx(970 / 1000)
    in_tail = kept(Floor("recall", 20, 0.97, "tail"), float32, worse)
    assert (in_tail.state, in_tail.estimate) == ("missed", pytest.approx(270 / 300))
    few = kept(Floor("recall", 20, 0.5, "tail"), replace(float32, ranks=(21,) * 1200), worse)
    assert few.state == "no evidence"
    nobody = kept(Floor("recall", 20, 0.5, "middle"), float32, worse)
    assert (nobody.state, nobody.reason) == ("unproven", "no item of the middle is held out")
