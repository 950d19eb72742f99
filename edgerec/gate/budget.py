"""Budgets: what a model may weigh, take and lose before it may not ship."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from device_tests.metrics import METRICS
from edgerec.errors import EdgerecError
from edgerec.gate.quantity import QuantityError, bytes_of, flag_of, nanoseconds_of, share_of, version_of
from edgerec.strict_toml import Table
from edgerec.suggestion import did_you_mean

Amount = float | str | bool
Unit = Literal["bytes", "ns", "share", "version", "flag"]
Direction = Literal["at most", "at least"]
Evidence = Literal["file", "golden", "quality", "latency", "memory"]

FLAG = "--limit"
"""Where a limit of the command line stands, in place of `file:line`."""


class BudgetError(EdgerecError):
    """A limit that is not known or whose amount cannot be understood."""


@dataclass(frozen=True)
class LimitKind:
    """What a limit compares, which way, and where its evidence comes from."""

    unit: Unit
    direction: Direction
    evidence: Evidence
    meaning: str


@dataclass(frozen=True)
class Limit:
    """One limit: its name, its amount in the kind's unit, and the `file:line` where it is set."""

    name: str
    amount: Amount
    where: str

    @property
    def kind(self) -> LimitKind:
        """Give what this limit compares."""
        return limit_kind(self.name)


@dataclass(frozen=True)
class Budget:
    """The limits that one model has to hold, in the order they were written."""

    limits: tuple[Limit, ...] = ()

    def overridden_by(self, other: "Budget") -> "Budget":
        """Give this budget with the other's limits in place of those of the same name, and its further ones."""
        merged = {limit.name: limit for limit in self.limits} | {limit.name: limit for limit in other.limits}
        return Budget(tuple(merged.values()))


NO_LIMITS = Budget()


LIMITS: Mapping[str, LimitKind] = {
    "app_bytes": LimitKind("bytes", "at most", "file", "what ships in the app, on disk"),
    "download_bytes": LimitKind("bytes", "at most", "file", "what ships in the app, deflated as in an APK"),
    "model_bytes": LimitKind("bytes", "at most", "file", "model.tflite alone, on disk"),
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
}

_AT_K = re.compile(rf"({'|'.join(METRICS)})_at_([1-9][0-9]{{0,3}})")
_CANDIDATES_AT_K = re.compile(r"candidates_hit_rate_at_([1-9][0-9]{0,3})")
CANDIDATES_KEPT = "candidates_kept"
_KEPT = re.compile(rf"({'|'.join(METRICS)})_kept")

_AMOUNT_OF: Mapping[Unit, Callable[[object], Amount]] = {
    "bytes": bytes_of,
    "ns": nanoseconds_of,
    "share": share_of,
    "version": version_of,
    "flag": flag_of,
}


def limit_kind(name: str) -> LimitKind:
    """Give what the limit of this name compares; raises BudgetError for a name that is not known."""
    if name in LIMITS:
        return LIMITS[name]
    if at_k := metric_at_k(name):
        return LimitKind("share", "at least", "quality", f"mean {at_k[0]} of the first {at_k[1]} over all users")
    if kept := metric_kept(name):
        return LimitKind("share", "at least", "quality", f"share of float32's {kept} that is kept, at the bundle's k")
    if k := candidates_at_k(name):
        return LimitKind(
            "share", "at least", "quality", f"hit rate at {k} among candidates of its own half, the lesser"
        )
    if name == CANDIDATES_KEPT:
        meaning = "share of float32's hit rate among candidates that is kept, the lesser of both halves"
        return LimitKind("share", "at least", "quality", meaning)
    hint = did_you_mean(name, limit_names()) or f"; known: {', '.join(limit_names())}"
    raise BudgetError(f"limit {name} is not known{hint}.")


def limit_names() -> tuple[str, ...]:
    """Give every limit's name, the metrics' at k = 10."""
    metrics = tuple(f"{name}_at_10" for name in METRICS) + tuple(f"{name}_kept" for name in METRICS)
    return (*LIMITS, *metrics, "candidates_hit_rate_at_10", CANDIDATES_KEPT)


def metric_at_k(name: str) -> tuple[str, int] | None:
    """Give metric and k of a name such as `recall_at_10`, or None."""
    match = _AT_K.fullmatch(name)
    return (match[1], int(match[2])) if match else None


def candidates_at_k(name: str) -> int | None:
    """Give the k of a name such as `candidates_hit_rate_at_10`, or None."""
    match = _CANDIDATES_AT_K.fullmatch(name)
    return int(match[1]) if match else None


def metric_kept(name: str) -> str | None:
    """Give the metric of a name such as `recall_kept`, or None."""
    match = _KEPT.fullmatch(name)
    return match[1] if match else None


def limit(name: str, value: object, where: str) -> Limit:
    """Give the limit of a name and a value as it was written; raises BudgetError that names where it stands."""
    try:
        return Limit(name, _AMOUNT_OF[limit_kind(name).unit](value), where)
    except QuantityError as error:
        raise BudgetError(f"{where}: {name} is {error}.") from error
    except BudgetError as error:
        raise BudgetError(f"{where}: {error}") from error


def budget_of(table: Table | None) -> Budget:
    """Give the budget that a `[budget]` table holds, empty for none."""
    if table is None:
        return NO_LIMITS
    return Budget(tuple(limit(key, table.value(key), table.where(key)) for key in table.values))
