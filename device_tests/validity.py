"""What the parts of a device report cannot say, one rule after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device_tests.manifest import LEAST_OVERLAP
from device_tests.metrics import HALVES, coverage_depth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device_tests.conditions import Conditions
    from device_tests.measurement import Latency, Sustained
    from device_tests.report import GoldenResult, Quality

_MOST_SEGMENTS = 64  # each is one more pass over all users


def golden_rules(golden: GoldenResult) -> Iterator[tuple[bool, str]]:
    """Yield whether each rule of a golden result holds, and what is wrong when it does not."""
    yield golden.held == (golden.reason == ""), "golden should have a reason exactly when it is not held"
    if not golden.held:
        return
    yield golden.decoded_users > 0, "golden cannot be held with no decoded users"
    yield (
        golden.largest_difference <= golden.tolerance,
        f"golden cannot be held with a difference of {golden.largest_difference} over {golden.tolerance}",
    )
    yield golden.order_held, "golden cannot be held with an order that is not"
    yield (
        golden.decoded_overlap >= LEAST_OVERLAP,
        f"golden cannot be held with a decoded overlap of {golden.decoded_overlap}, below {LEAST_OVERLAP}",
    )
    yield (
        golden.float_overlap >= golden.float_overlap_floor,
        f"golden cannot be held with a float overlap of {golden.float_overlap}, below {golden.float_overlap_floor}",
    )


def quality_rules(quality: Quality) -> Iterator[tuple[bool, str]]:
    """Yield whether each rule of a quality holds, and what is wrong when it does not."""
    offsets, ranks = quality.offsets, quality.ranks
    rising = all(first <= second for first, second in zip(offsets, offsets[1:]))
    yield (
        quality.users >= 0 and len(offsets) == quality.users + 1,
        "quality.offsets should have one entry more than users",
    )
    yield (
        offsets[0] == 0 and offsets[-1] == len(ranks) and rising,
        "quality.offsets should rise from 0 to the ranks' end",
    )
    yield quality.items >= 1, f"quality.items should be at least 1, not {quality.items}"
    yield quality.dropped >= 0, f"quality.dropped should be 0 or more, not {quality.dropped}"
    yield (
        quality.sample_of is None or quality.sample_of > quality.users,
        f"quality.sample_of should be more than {quality.users} (the users), not {quality.sample_of}",
    )
    last = quality.items + (quality.dropped > 0)  # the rank of what was dropped
    yield all(1 <= rank <= last for rank in ranks), f"quality.ranks should be 1 to {last}"
    yield 1 <= quality.k <= quality.items, f"quality.k should be 1 to {quality.items}, not {quality.k}"
    counted, depth = len(quality.recommended_items), coverage_depth(quality.k, quality.items)
    yield counted == depth, f"quality.recommended_items should be {depth}, not {counted}"
    counts = (0, *quality.recommended_items, quality.items)
    yield (
        all(first <= second for first, second in zip(counts, counts[1:])),
        f"quality.recommended_items should rise and not exceed {quality.items} (the items)",
    )
    yield (
        len(quality.segments) <= _MOST_SEGMENTS,
        f"quality.segments should be at most {_MOST_SEGMENTS}, not {len(quality.segments)}",
    )
    for segment, indices in quality.segments.items():
        inside = all(0 <= index < len(ranks) for index in indices)
        yield inside and len(set(indices)) == len(indices), f"quality.segments.{segment} should index each rank once"
    yield from _candidate_rules(quality)


def _candidate_rules(quality: Quality) -> Iterator[tuple[bool, str]]:
    ranks, negatives = quality.candidate_ranks, quality.negatives
    most = quality.catalogue - 1
    yield 0 <= negatives <= most, f"quality.negatives should be 0 to {most}, not {negatives}"
    expected = len(quality.ranks) if negatives else 0
    yield len(ranks) == expected, f"quality.candidate_ranks should be {expected}, not {len(ranks)}"
    yield all(1 <= rank <= 1 + negatives for rank in ranks), f"quality.candidate_ranks should be 1 to {1 + negatives}"
    yield (
        all(few <= every or every > quality.items for few, every in zip(ranks, quality.ranks)),
        "quality.candidate_ranks should not exceed quality.ranks, which are among more items",
    )
    yield (
        all(few > negatives or every <= quality.items for few, every in zip(ranks, quality.ranks)),
        f"quality.candidate_ranks should be {1 + negatives} of what was dropped",
    )
    halves = [quality.segments.get(name) for name in HALVES]
    told = sorted(index for half in halves if half is not None for index in half)
    yield (
        not negatives or (None not in halves and told == list(range(len(ranks)))),
        f"quality.segments should have each rank in one of {' and '.join(HALVES)}",
    )


def latency_rules(latency: Latency) -> Iterator[tuple[bool, str]]:
    """Yield whether each rule of a latency holds, and what is wrong when it does not."""
    yield len(latency.starts) > 0, "latency should have at least one start"
    starts = tuple(time for start in latency.starts for time in (start.load_ns, start.first_ns))
    added = (latency.clock_ns, latency.overhead_ns, latency.invoke_overhead_ns)
    yield (
        len(latency.warm_ns) == len(latency.invoke_ns) > 0,
        "latency should have as many invoke_ns as warm_ns, at least 1",
    )
    yield min(starts + added + latency.warm_ns + latency.invoke_ns) >= 0, "latency should hold no negative time"
    yield latency.batch >= 1, f"latency.batch should be at least 1, not {latency.batch}"
    yield latency.threads >= 1, f"latency.threads should be at least 1, not {latency.threads}"


def sustained_rules(sustained: Sustained) -> Iterator[tuple[bool, str]]:
    """Yield whether each rule of a sustained run holds, and what is wrong when it does not."""
    seconds = sustained.seconds
    yield len(seconds) > 0, "sustained should have at least one second"
    yield (
        all(0 < len(each.kept_ns) <= each.calls and min(each.kept_ns) >= 0 for each in seconds),
        "sustained should keep some of the calls of each second, and no negative time",
    )
    yield _rising([each.at_ns for each in seconds]), "sustained.seconds should rise"


def conditions_rules(conditions: Conditions) -> Iterator[tuple[bool, str]]:
    """Yield whether each rule of the conditions holds, and what is wrong when it does not."""
    yield len(conditions.moments) > 1, "conditions should have a moment before and one after"
    yield _rising([moment.at_ns for moment in conditions.moments]), "conditions.moments should rise"
    screen = conditions.screen
    yield screen in (None, "on", "off"), f"conditions.screen should be on, off or null, not {screen!r}"


def _rising(times: Sequence[int]) -> bool:
    return all(first <= second for first, second in zip(times, times[1:]))
