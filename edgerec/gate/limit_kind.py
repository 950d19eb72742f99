"""Which limits there are: what each compares, which way, and where its evidence comes from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from device_tests.metrics import METRICS
from edgerec.errors import EdgerecError
from edgerec.floors import CANDIDATES, QUANTITIES
from edgerec.suggestion import did_you_mean

Amount = float | str | bool
Unit = Literal["bytes", "ns", "count", "share", "version", "flag"]
Direction = Literal["at most", "at least"]
Evidence = Literal["file", "golden", "quality", "latency", "memory", "storage", "counts"]


class UnknownLimitError(EdgerecError):
    """A limit that is not known."""


@dataclass(frozen=True)
class LimitKind:
    """What a limit compares, which way, and where its evidence comes from."""

    unit: Unit
    direction: Direction
    evidence: Evidence
    meaning: str


LIMITS: Mapping[str, LimitKind] = {
    "app_bytes": LimitKind("bytes", "at most", "file", "what ships in the app, on disk"),
    "download_bytes": LimitKind("bytes", "at most", "file", "what ships in the app, deflated as in an APK"),
    "model_bytes": LimitKind("bytes", "at most", "file", "model.tflite alone, on disk"),
    "storage_bytes": LimitKind("bytes", "at most", "storage", "model and weight cache on the device's disk"),
    "oldest_runtime": LimitKind("version", "at most", "file", "the runtime that must still know every op version"),
    "flex": LimitKind("flag", "at most", "file", "whether Flex (TensorFlow) ops are allowed"),
    "custom": LimitKind("flag", "at most", "file", "whether custom ops are allowed"),
    "user_table": LimitKind("flag", "at most", "file", "whether a row for each user may ship"),
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

_AT_K = re.compile(rf"({'|'.join(METRICS)})_at_([1-9][0-9]{{0,3}})")
_CANDIDATES_AT_K = re.compile(r"candidates_hit_rate_at_([1-9][0-9]{0,3})")
_KEPT = re.compile(rf"({'|'.join(QUANTITIES)})_kept(?:_at_([1-9][0-9]{{0,3}}))?")


def limit_kind(name: str) -> LimitKind:
    """Give what the limit of this name compares; raises UnknownLimitError for a name that is not known."""
    if name in LIMITS:
        return LIMITS[name]
    if at_k := metric_at_k(name):
        return LimitKind("share", "at least", "quality", f"mean {at_k[0]} of the first {at_k[1]} over all users")
    if kept := kept_of_float32(name):
        return LimitKind("share", "at least", "quality", _meaning(*kept))
    if k := candidates_at_k(name):
        return LimitKind(
            "share", "at least", "quality", f"hit rate at {k} among candidates of its own half, the lesser"
        )
    hint = did_you_mean(name, limit_names()) or f"; known: {', '.join(limit_names())}"
    raise UnknownLimitError(f"limit {name} is not known{hint}.")


def _meaning(quantity: str, k: int | None) -> str:
    at = "the bundle's k" if k is None else str(k)
    if quantity == CANDIDATES:
        return f"share of float32's hit rate at {at} among candidates that each half keeps"
    return f"share of float32's {quantity} at {at} that is kept"


def limit_names() -> tuple[str, ...]:
    """Give every limit's name, the metrics' at k = 10."""
    metrics = (*(f"{name}_at_10" for name in METRICS), "candidates_hit_rate_at_10")
    return (*LIMITS, *metrics, *(f"{name}_kept{at}" for at in ("", "_at_20") for name in QUANTITIES))


def metric_at_k(name: str) -> tuple[str, int] | None:
    """Give metric and k of a name such as `recall_at_10`, or None."""
    match = _AT_K.fullmatch(name)
    return (match[1], int(match[2])) if match else None


def candidates_at_k(name: str) -> int | None:
    """Give the k of a name such as `candidates_hit_rate_at_10`, or None."""
    match = _CANDIDATES_AT_K.fullmatch(name)
    return int(match[1]) if match else None


def kept_of_float32(name: str) -> tuple[str, int | None] | None:
    """Give quantity and k (None for the bundle's) of a name such as `recall_kept` or `recall_kept_at_20`, or None."""
    match = _KEPT.fullmatch(name)
    return (match[1], int(match[2]) if match[2] else None) if match else None
