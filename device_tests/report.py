"""The device report: what one machine said of one model, raw values kept, as one versioned JSON text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from device_tests import metrics, record, validity
from device_tests.conditions import Conditions  # noqa: TC001 -- record reads a field's type when it runs
from device_tests.counts import Counts, counts_rules
from device_tests.errors import ReportError
from device_tests.files import read_whole, write_whole
from device_tests.measurement import Latency, Memory, Storage, Sustained  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = 2
PROVENANCES = ("measured", "emulated")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Board:
    """The machine and the runtime that answered; None is unknown. No host name: a report may be published."""

    machine: str
    system: str
    release: str
    cpu: str
    cores: int
    memory_bytes: Optional[int]
    python: str
    numpy: str
    runtime: str
    runtime_version: str
    threads: int


@dataclass(frozen=True)
class GoldenResult:
    """Golden outputs replayed: scores and lists against the NumPy decode, lists against the float32 Keras model.

    `largest_difference` is a share of the user's score range; a score that is no number counts as the whole range.
    `order_held`: the lists differ only among items whose scores lie within the tolerance of each other.
    `identical_lists` is the share of the users compared with the decode whose list is the same to the last place.
    """

    users: int
    decoded_users: int
    largest_difference: float
    tolerance: float
    decoded_overlap: float
    order_held: bool
    float_overlap: float
    float_overlap_floor: float
    identical_lists: float
    held: bool
    reason: str


@dataclass(frozen=True)
class Quality:
    """Ranks of every held-out item among its user's unseen items, from which every metric follows.

    User u's ranks are ranks[offsets[u]:offsets[u + 1]], 1-based, ties by lower id. `segments` maps a name to indices
    into `ranks`. `recommended_items[j - 1]` is how many items stand in anyone's top j, for j from 1 to the
    `coverage_depth` of k; `distinct_scores` is the mean over users.
    `candidate_ranks`, aligned with `ranks`, are among the item and `negatives` others of its popularity half; without
    any drawn they are empty and `negatives` is 0.
    `dropped` items of the catalogue are not among the `items` that the model scores: a held-out one has the rank
    items + 1, which is in no list, and is the last of its candidates.
    `sample_of` is how many users the bundle has where only some of them, evenly spaced, were asked; else None.
    """

    k: int
    items: int
    users: int
    offsets: tuple[int, ...]
    ranks: tuple[int, ...]
    recommended_items: tuple[int, ...]
    distinct_scores: float
    segments: dict[str, tuple[int, ...]]
    negatives: int
    candidate_ranks: tuple[int, ...]
    dropped: int = 0
    sample_of: Optional[int] = None

    @property
    def catalogue(self) -> int:
        """How many items there were before any was dropped."""
        return self.items + self.dropped

    @property
    def held_out_dropped(self) -> int:
        """How many held-out items were dropped, each of them a miss."""
        return sum(rank > self.items for rank in self.ranks)

    def per_user(self, name: str, k: int, segment: Optional[str] = None) -> tuple[float, ...]:
        """One value for every user who has a held-out item (in the segment), in the order of the users."""
        offsets, ranks = self._within(segment, self.ranks)
        return metrics.per_user(_metric(name), offsets, ranks, k)

    def metric(self, name: str, k: int, segment: Optional[str] = None) -> float:
        """Mean of `per_user`: recall, ndcg, hit_rate or mrr at k; ReportError when there is none or nobody to ask."""
        offsets, ranks = self._within(segment, self.ranks)
        try:
            return metrics.mean(_metric(name), offsets, ranks, k)
        except ValueError as why:
            raise ReportError(f"{name}@{k} of segment {segment or 'all'}: {why}") from None

    def coverage(self, k: Optional[int] = None) -> float:
        """Share of the catalogue that stands in anyone's top k, the report's if None; ReportError where not counted."""
        asked = min(self.k if k is None else k, self.items)
        if not 1 <= asked <= len(self.recommended_items):
            raise ReportError(f"coverage was counted for lists of 1 to {len(self.recommended_items)} items, not {k}")
        return self.recommended_items[asked - 1] / self.catalogue

    def candidate_hits(self, k: int, segment: Optional[str] = None) -> tuple[tuple[int, int], ...]:
        """Return one (hits, held-out items) for every user who has a held-out item (in the segment).

        A hit is a held-out item in the first k of its own candidates; ReportError when none were drawn.
        """
        if not self.negatives:
            raise ReportError("no held-out item was ranked among candidates")
        offsets, ranks = self._within(segment, self.candidate_ranks)
        spans = zip(offsets, offsets[1:])
        return tuple((sum(rank <= k for rank in ranks[start:end]), end - start) for start, end in spans if end > start)

    def candidate_hit_rate(self, k: int, segment: Optional[str] = None) -> float:
        """Share of the held-out items that are a hit in `candidate_hits`; ReportError when there is none."""
        counted = self.candidate_hits(k, segment)
        if not counted:
            raise ReportError(f"no user has a held-out item in segment {segment or 'all'}, so there is no hit rate")
        return sum(hits for hits, _ in counted) / sum(items for _, items in counted)

    def _within(self, segment: Optional[str], ranks: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if segment is None:
            return self.offsets, ranks
        if segment not in self.segments:
            raise ReportError(f"no segment {segment!r}: there are {', '.join(sorted(self.segments)) or 'none'}")
        chosen = sorted(self.segments[segment])
        counts = [0] * len(self.offsets)
        user = 0
        for index in chosen:
            while self.offsets[user + 1] <= index:
                user += 1
            counts[user + 1] += 1
        for user in range(self.users):
            counts[user + 1] += counts[user]
        return tuple(counts), tuple(ranks[index] for index in chosen)


@dataclass(frozen=True)
class DeviceReport:
    """Everything the harness said of one model on one machine; a part is None when not asked for or not possible.

    `latency` is with the threads of the board, `more_threads` with other numbers of them, each in a process of its own.
    """

    version: int
    provenance: str
    bundle_sha256: Optional[str]
    model_sha256: str
    board: Board
    golden: Optional[GoldenResult]
    quality: Optional[Quality]
    latency: Optional[Latency]
    memory: Optional[Memory]
    warnings: tuple[str, ...]
    more_threads: tuple[Latency, ...] = ()
    sustained: Optional[Sustained] = None
    storage: Optional[Storage] = None
    conditions: Optional[Conditions] = None
    counts: Optional[Counts] = None


def dumps(report: DeviceReport) -> str:
    """Return the JSON text of a report; ReportError when it holds what cannot be."""
    _validate(report, "report")
    return record.dumps(report)


def loads(text: Union[str, bytes], name: str = "report") -> DeviceReport:
    """Return the report of a JSON text; ReportError when it is not one or was written by a newer edgerec."""
    value = record.parse(text, name, ReportError)
    made = value.get("version") if isinstance(value, dict) else None
    if type(made) is not int:
        raise ReportError(f"{name} is no report: it has no version; `edgerec bench FILE -o {name}` writes one")
    if made > VERSION:
        raise ReportError(
            f"{name} has version {made}, from a newer edgerec; this one reads version {VERSION}: upgrade it"
        )
    report = record.from_json(DeviceReport, value, name, ReportError)
    _validate(report, name)
    return report


def read(path: Union[str, Path]) -> DeviceReport:
    """Return the report in a file; ReportError when it cannot be read or is not one."""
    return loads(read_whole(path, ReportError), Path(path).name)


def write(path: Union[str, Path], report: DeviceReport) -> None:
    """Write a report, whole or not at all; ReportError when it cannot be written."""
    write_whole(path, dumps(report).encode(), ReportError)


def _metric(name: str) -> metrics.Metric:
    if name not in metrics.METRICS:
        raise ReportError(f"no metric {name!r}: there are {', '.join(sorted(metrics.METRICS))}")
    return metrics.METRICS[name]


def _validate(report: DeviceReport, name: str) -> None:
    for right, problem in _rules(report):
        if not right:
            raise ReportError(f"{name}: {problem}")


def _rules(report: DeviceReport) -> Iterator[tuple[bool, str]]:
    bundle = report.bundle_sha256
    yield report.version == VERSION, f"version should be {VERSION}, not {report.version}"
    yield (
        report.provenance in PROVENANCES,
        f"provenance should be one of {', '.join(PROVENANCES)}, not {report.provenance!r}",
    )
    yield (
        bundle is None or _DIGEST.fullmatch(bundle) is not None,
        "bundle_sha256 should be 64 hexadecimal digits or null",
    )
    yield _DIGEST.fullmatch(report.model_sha256) is not None, "model_sha256 should be 64 hexadecimal digits"
    if report.golden is not None:
        yield from validity.golden_rules(report.golden)
    if report.quality is not None:
        yield from validity.quality_rules(report.quality)
    for latency in (*([] if report.latency is None else [report.latency]), *report.more_threads):
        yield from validity.latency_rules(latency)
    if report.sustained is not None:
        yield from validity.sustained_rules(report.sustained)
    if report.conditions is not None:
        yield from validity.conditions_rules(report.conditions)
    if report.counts is not None:
        yield report.provenance == "emulated", "counts are an emulator's, and provenance should say so"
        yield from counts_rules(report.counts)
