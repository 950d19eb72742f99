"""What the parts of a file weigh deflated and what numbers are in them, read whole or in evenly spaced blocks."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from converters.stored_numbers import Numbers

LOOKED_AT_BYTES = 4 << 20
"""Of a file that is larger, so much is looked at; each part that is smaller than an equal share of it, whole."""

_BLOCK_BYTES = 1 << 16
_UNIT_BYTES = 16  # a whole number of elements of every type
_LEVEL, _RAW = 6, -15  # as in an APK

Count = Callable[[Iterable[memoryview]], Numbers | None]


@dataclass(frozen=True)
class Part:
    """One part of a file: its pieces, in order, and what counts the numbers in it."""

    pieces: tuple[memoryview, ...]
    count: Count = lambda _: None

    @property
    def bytes(self) -> int:
        """Give how long it is."""
        return sum(map(len, self.pieces))


@dataclass(frozen=True)
class Weighed:
    """What a part is like. `deflated_bytes` is of raw deflate, level 6; `looked_at_bytes` of it were read.

    Where that is not all, everything is an estimate, and the different values of `numbers` are at least so many.
    """

    bytes: int
    looked_at_bytes: int
    deflated_bytes: int
    numbers: Numbers | None

    @property
    def estimated(self) -> bool:
        """Whether only blocks of it were read."""
        return self.looked_at_bytes < self.bytes


def weigh(parts: Sequence[Part], most_bytes: int | None = LOOKED_AT_BYTES) -> tuple[Weighed, ...]:
    """Weigh each part alone, reading at most about `most_bytes` of all of them, everything when None."""
    sizes = [part.bytes for part in parts]
    budgets = sizes if most_bytes is None else _fair(sizes, most_bytes)
    return tuple(_weighed(part, size, budget) for part, size, budget in zip(parts, sizes, budgets, strict=True))


def _fair(sizes: Sequence[int], budget: int) -> list[int]:
    """Share a budget so that nobody who wants more has less than anybody else."""
    given = [0] * len(sizes)
    for rank, index in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        given[index] = min(sizes[index], budget // (len(sizes) - rank))
        budget -= given[index]
    return given


def _weighed(part: Part, size: int, budget: int) -> Weighed:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    looked_at = packed = 0

    def read() -> Iterator[memoryview]:
        nonlocal looked_at, packed
        for block in _blocks(part, size, budget):
            looked_at += len(block)
            packed += len(packer.compress(block))
            yield block

    blocks = read()
    numbers = part.count(blocks)
    for _ in blocks:  # what is not counted is deflated all the same
        pass
    packed += len(packer.flush())
    if looked_at < size:
        packed = round(packed * size / looked_at) if looked_at else size
    return Weighed(size, looked_at, packed, numbers)


def _blocks(part: Part, size: int, budget: int) -> Iterator[memoryview]:
    """Give all of a part in blocks, or as many evenly spaced ones as the budget allows."""
    if budget < size and len(part.pieces) == 1:
        block = min(_BLOCK_BYTES, budget) // _UNIT_BYTES * _UNIT_BYTES
        count = budget // block if block else 0
        for index in range(count):
            start = (size - block) * (2 * index + 1) // (2 * count) // _UNIT_BYTES * _UNIT_BYTES
            yield part.pieces[0][start : start + block]
        return
    left = budget
    for piece in part.pieces:
        for start in range(0, len(piece), _BLOCK_BYTES):
            block_bytes = piece[start : start + min(_BLOCK_BYTES, left)]
            left -= len(block_bytes)
            if len(block_bytes):
                yield block_bytes
