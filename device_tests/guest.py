"""Which pages of an emulator's process are the guest's own: QEMU's user mode is one process that holds both.

A guest's list of its mappings (maps) has its own, at the addresses that it knows; what is resident of them (smaps) is
told of all of the process, at those of the machine that emulates it: one is the other moved by a fixed number of bytes.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_HEADER = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) (\S+) (\d+)")


@dataclass(frozen=True)
class Mapping:
    """Addresses from `start` to before `end`, and which part of which file lies there; inode 0 is no file."""

    start: int
    end: int
    file: tuple[bytes, int]
    offset: int


def mapping(line: bytes) -> Optional[Mapping]:
    """Return the mapping that a line of maps or smaps begins, None for a line that begins none."""
    found = _HEADER.match(line)
    if found is None:
        return None
    return Mapping(int(found[1], 16), int(found[2], 16), (found[4], int(found[5])), int(found[3], 16))


def own_lines(maps: Iterable[bytes], smaps: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
    """Return the lines of smaps that are of mappings in maps: all of them where no emulator lies beneath.

    `smaps` gives the lines each time anew: they are many, and to keep them would be growth itself.
    """
    own = [each for each in map(mapping, maps) if each is not None]
    starts = [each.start for each in own]
    moved = _moved(own, (each for each in map(mapping, smaps()) if each is not None))
    inside = moved is None
    for line in smaps():
        if moved is not None:
            here = mapping(line)
            if here is not None:
                place = bisect.bisect_right(starts, here.start - moved) - 1
                inside = place >= 0 and here.start - moved < own[place].end
        if inside:
            yield line


def _moved(own: Sequence[Mapping], beneath: Iterable[Mapping]) -> Optional[int]:
    """Return how many bytes further on an emulator has what the guest has, told by a part of a file in both.

    None where no file is mapped but the guest's own: then no emulator lies beneath.
    """
    places = {(each.file, each.offset): each.start for each in reversed(own) if each.file[1]}
    files, moved, emulator = {each.file for each in own}, 0, False
    for each in beneath:
        emulator = emulator or (each.file[1] > 0 and each.file not in files)
        place = places.pop((each.file, each.offset), None)
        if place is not None:
            moved, places = each.start - place, {}
    return moved if emulator and own else None
