"""What an emulator counts exactly: instructions, and bytes read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Count:
    """Instructions that one piece of work took, and the bytes that they read and wrote."""

    instructions: int
    read_bytes: int
    written_bytes: int


@dataclass(frozen=True)
class Counts:
    """Exact counts of an emulated processor: of load, of the first call, and one for each further call and top k.

    A call is `invoke` alone, of one row; `top_k` is the choice of the k best of a user's scores in NumPy, none of a
    bare .tflite. What an empty pair of markers counts, `marker`, has been taken off each.
    """

    load: Count
    first: Count
    invoke: tuple[Count, ...]
    top_k: tuple[Count, ...]
    marker: Count
    ids: str


def counts_rules(counts: Counts) -> Iterator[tuple[bool, str]]:
    """Yield whether each rule of counts holds, and what is wrong when it does not."""
    every = (counts.load, counts.first, counts.marker, *counts.invoke, *counts.top_k)
    yield len(counts.invoke) > 0, "counts should have at least 1 invoke"
    yield (
        min(min(one.instructions, one.read_bytes, one.written_bytes) for one in every) >= 0,
        "counts should hold no negative number",
    )
