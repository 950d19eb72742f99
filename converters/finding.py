"""A finding: one thing that a file asks of a runtime and may not get, with its evidence and its remedy."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["error", "warning", "unknown"]
LEVELS: tuple[Level, ...] = ("error", "warning", "unknown")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a finding rests on: what was seen, and of a table's entry the runtime, platform and day it was asked."""

    seen: str
    runtime: str = ""
    platform: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a file asks of a runtime: `rule` is its id, `op` the operator and version, or what else asks.

    "error": the runtime refuses the file, dies, or answers wrongly. "warning": it works, and only under a condition.
    "unknown": no table has an entry, so nothing is guessed. `remedy` is one sentence, with a command or an option.
    `tensors` are the names of the tensors that it is about.
    """

    rule: str
    level: Level
    op: str
    evidence: Evidence
    remedy: str
    tensors: tuple[str, ...] = ()
