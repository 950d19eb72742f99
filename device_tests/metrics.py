"""Ranking metrics of one user from the 1-based ranks of their held-out items, and their mean over users.

A rank counts the user's unseen items only, ties by lower id. A user without a held-out item has no metric and is left
out of a mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Callable

Metric = Callable[[Sequence[int], int], float]

HALVES = ("popular_half", "unpopular_half")
"""The segments in which a held-out item is ranked among candidates: those of its own half of the items."""

_LEAST_DEPTH = 20


def coverage_depth(k: int, items: int) -> int:
    """Longest list by which coverage is counted: the asked-for k, and 20 in any case, but no more than the items."""
    return min(max(k, _LEAST_DEPTH), items)


def recall(ranks: Sequence[int], k: int) -> float:
    """Share of the held-out items that stand in the first k."""
    return sum(rank <= k for rank in ranks) / len(ranks)


def hit_rate(ranks: Sequence[int], k: int) -> float:
    """1 when at least one held-out item stands in the first k, else 0."""
    return float(min(ranks) <= k)


def reciprocal_rank(ranks: Sequence[int], k: int) -> float:
    """1 / rank of the first held-out item, 0 when it does not stand in the first k."""
    first = min(ranks)
    return 1.0 / first if first <= k else 0.0


def ndcg(ranks: Sequence[int], k: int) -> float:
    """Sum of 1 / log2(1 + rank) over the held-out items in the first k, over the best sum that k places allow."""
    gained = math.fsum(1.0 / math.log2(1 + rank) for rank in ranks if rank <= k)
    best = math.fsum(1.0 / math.log2(1 + rank) for rank in range(1, min(len(ranks), k) + 1))
    return gained / best


METRICS: dict[str, Metric] = {"recall": recall, "ndcg": ndcg, "hit_rate": hit_rate, "mrr": reciprocal_rank}


def per_user(metric: Metric, offsets: Sequence[int], ranks: Sequence[int], k: int) -> tuple[float, ...]:
    """One value a user with at least one held-out item; user u's ranks are ranks[offsets[u]:offsets[u + 1]]."""
    if k < 1:
        raise ValueError(f"k is at least 1, not {k}")
    spans = zip(offsets[:-1], offsets[1:])
    return tuple(metric(ranks[start:end], k) for start, end in spans if end > start)


def mean(metric: Metric, offsets: Sequence[int], ranks: Sequence[int], k: int) -> float:
    """Mean of `per_user`; ValueError when no user has a held-out item."""
    values = per_user(metric, offsets, ranks, k)
    if not values:
        raise ValueError("no user has a held-out item here, so there is no mean")
    return math.fsum(values) / len(values)
