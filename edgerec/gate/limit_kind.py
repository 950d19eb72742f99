"""Which limits there are: what each compares, which way, and where its evidence comes from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from device_tests.metrics import HALVES, METRICS
from edgerec.errors import EdgerecError
from edgerec.floors import CANDIDATES, QUANTITIES
from edgerec.suggestion import did_you_mean

Amount = float | str | bool
Unit = Literal["bytes", "ns", "count", "share", "version", "flag"]
Direction = Literal["at most", "at least"]
Evidence = Literal["file", "golden", "quality", "latency", "memory", "storage", "counts"]

SEGMENTS = ("head", "middle", "tail", *HALVES, "short_history", "long_history")
TENSOR_KINDS = ("table", "dense", "other")
OF_MACHINE: frozenset[Evidence] = frozenset(("latency", "memory", "storage", "counts"))
"""What a figure costs on one machine, and says nothing of another."""


CONTRACT = "contract"
"""The limit on what a file asks of its runtime, which is told finding by finding."""


class UnknownLimitError(EdgerecError):
    """A limit that is not known."""


@dataclass(frozen=True)
class LimitKind:
    """What a limit compares, which way, and where its evidence comes from."""

    unit: Unit
    direction: Direction
    evidence: Evidence
    meaning: str


class AtK(NamedTuple):
    """A metric of the first k, over all users or those with a held-out item in one segment."""

    metric: str
    k: int
    segment: str


class KeptName(NamedTuple):
    """What has to be kept of float32's: a quantity at k (None for the bundle's), over all users or in one segment."""

    quantity: str
    k: int | None
    segment: str


LIMITS: Mapping[str, LimitKind] = {
    "app_bytes": LimitKind("bytes", "at most", "file", "what ships in the app, on disk"),
    "download_bytes": LimitKind("bytes", "at most", "file", "what ships in the app, deflated as in an APK"),
    "brotli_bytes": LimitKind("bytes", "at most", "file", "what ships in the app, by Brotli at its strongest"),
    "model_bytes": LimitKind("bytes", "at most", "file", "model.tflite alone, on disk"),
    "storage_bytes": LimitKind("bytes", "at most", "storage", "model and weight cache on the device's disk"),
    CONTRACT: LimitKind("flag", "at least", "file", "whether its runtime must take it and answer it rightly"),
    "oldest_runtime": LimitKind("version", "at most", "file", "the runtime that must still know every op version"),
    "flex": LimitKind("flag", "at most", "file", "whether Flex (TensorFlow) ops are allowed"),
    "custom": LimitKind("flag", "at most", "file", "whether custom ops are allowed"),
    "user_table": LimitKind("flag", "at most", "file", "whether the bundle may hold a table of users"),
    "golden": LimitKind("flag", "at least", "golden", "whether golden outputs must have been replayed"),
    "top_k_overlap": LimitKind("share", "at least", "golden", "mean top-k overlap with the float32 model"),
    "load": LimitKind("ns", "at most", "latency", "time to load the model"),
    "first": LimitKind("ns", "at most", "latency", "time of the first call"),
    "p50": LimitKind("ns", "at most", "latency", "median time of a warm call"),
    "p95": LimitKind("ns", "at most", "latency", "95th percentile of the warm calls"),
    "p99": LimitKind("ns", "at most", "latency", "99th percentile of the warm calls"),
    "private_bytes": LimitKind("bytes", "at most", "memory", "private memory grown by loading and running"),
    "mapped_bytes": LimitKind("bytes", "at most", "memory", "file-mapped memory grown by loading and running"),
    "peak_bytes": LimitKind("bytes", "at most", "memory", "the process's peak resident memory"),
    "instructions": LimitKind("count", "at most", "counts", "instructions of a call after the first, the most"),
    "load_instructions": LimitKind("count", "at most", "counts", "instructions to load the model"),
    "first_instructions": LimitKind("count", "at most", "counts", "instructions of the first call"),
    "top_k_instructions": LimitKind("count", "at most", "counts", "instructions to choose a user's top k, the most"),
    "read_bytes": LimitKind("bytes", "at most", "counts", "bytes that a call after the first reads, the most"),
    "written_bytes": LimitKind("bytes", "at most", "counts", "bytes that a call after the first writes, the most"),
}

_K = r"([1-9][0-9]{0,3})"
_OF = rf"(?:_of_({'|'.join(SEGMENTS)}))?"
_AT_K = re.compile(rf"({'|'.join(METRICS)})_at_{_K}{_OF}")
_CANDIDATES_AT_K = re.compile(rf"candidates_hit_rate_at_{_K}")
_KEPT = re.compile(rf"({'|'.join(QUANTITIES)})_kept(?:_at_{_K})?{_OF}")
_TENSORS = "tensors."
_KINDS = {f"kinds.{kind}": kind for kind in TENSOR_KINDS}


def limit_kind(name: str) -> LimitKind:
    """Give what the limit of this name compares; raises UnknownLimitError for a name that is not known."""
    if name in LIMITS:
        return LIMITS[name]
    if at_k := metric_at_k(name):
        users = f"users with a held-out item in {at_k.segment}" if at_k.segment else "all users"
        return LimitKind("share", "at least", "quality", f"mean {at_k.metric} of the first {at_k.k} over {users}")
    if kept := kept_of_float32(name):
        return LimitKind("share", "at least", "quality", _meaning(kept))
    if k := candidates_at_k(name):
        return LimitKind(
            "share", "at least", "quality", f"hit rate at {k} among candidates of its own half, the lesser"
        )
    if pattern := tensor_pattern(name):
        return LimitKind("bytes", "at most", "file", f"all tensors called {pattern}, together")
    if kind := _KINDS.get(name):
        return LimitKind("bytes", "at most", "file", f"all tensors of the kind {kind}, together")
    hint = did_you_mean(name, limit_names()) or f"; known: {', '.join(limit_names())}"
    raise UnknownLimitError(f"limit {name} is not known{hint}.")


def _meaning(kept: KeptName) -> str:
    at = "the bundle's k" if kept.k is None else str(kept.k)
    if kept.quantity == CANDIDATES:
        return f"share of float32's hit rate at {at} among candidates that each half keeps"
    of = f" in {kept.segment}" if kept.segment else ""
    return f"share of float32's {kept.quantity} at {at}{of} that is kept"


def limit_names() -> tuple[str, ...]:
    """Give every limit's name, the metrics' at k = 10; those of tensors by name are not to be counted up."""
    metrics = (*(f"{name}_at_10" for name in METRICS), "candidates_hit_rate_at_10")
    in_tail = ("recall_at_10_of_tail", "recall_kept_at_20_of_tail")
    kept = (f"{name}_kept{at}" for at in ("", "_at_20") for name in QUANTITIES)
    return (*LIMITS, *_KINDS, *metrics, *kept, *in_tail)


def metric_at_k(name: str) -> AtK | None:
    """Give metric, k and segment ("" for all) of a name such as `recall_at_10` or `recall_at_10_of_tail`, or None."""
    match = _AT_K.fullmatch(name)
    return AtK(match[1], int(match[2]), match[3] or "") if match else None


def candidates_at_k(name: str) -> int | None:
    """Give the k of a name such as `candidates_hit_rate_at_10`, or None."""
    match = _CANDIDATES_AT_K.fullmatch(name)
    return int(match[1]) if match else None


def kept_of_float32(name: str) -> KeptName | None:
    """Give what a name such as `recall_kept`, `recall_kept_at_20` or `recall_kept_at_20_of_tail` asks for, or None."""
    match = _KEPT.fullmatch(name)
    if match is None or (match[3] and match[1] not in METRICS):
        return None
    return KeptName(match[1], int(match[2]) if match[2] else None, match[3] or "")


def tensor_pattern(name: str) -> str:
    """Give the pattern of tensors' names in a name such as `tensors.items*`, empty for another."""
    return name.removeprefix(_TENSORS) if name.startswith(_TENSORS) else ""


def tensor_kind(name: str) -> str:
    """Give the kind of tensors in a name such as `kinds.table`, empty for another."""
    return _KINDS.get(name, "")
