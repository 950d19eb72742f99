"""The archive that Linux unpacks as its first file system (cpio, `newc`), as bytes."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

_FILE, _FOLDER, _LINK = 0o100000, 0o040000, 0o120000


@dataclass(frozen=True)
class Entry:
    """What lies at a path: a file's bytes or a link's target, and its mode with the kind in it."""

    mode: int
    data: bytes = b""


def file(data: bytes, permissions: int = 0o644) -> Entry:
    """Give a file."""
    return Entry(_FILE | permissions, data)


def folder(permissions: int = 0o755) -> Entry:
    """Give a folder."""
    return Entry(_FOLDER | permissions)


def link(target: str) -> Entry:
    """Give a symbolic link."""
    return Entry(_LINK | 0o777, target.encode())


def archive(entries: Mapping[str, Entry]) -> bytes:
    """Give the archive of entries by path, in their order, all of root's and of no date: the same for the same.

    Linux unpacks several that follow one another, the later over the earlier.
    """
    out = io.BytesIO()
    for number, (path, entry) in enumerate(entries.items(), start=1):
        _add(out, number, path, entry)
    _add(out, 0, "TRAILER!!!", Entry(0))
    return out.getvalue()


def _add(out: io.BytesIO, number: int, path: str, entry: Entry) -> None:
    name = path.encode() + b"\0"
    owner, links, date, devices, check = (0, 0), 1, 0, (0, 0, 0, 0), 0
    fields = (number, entry.mode, *owner, links, date, len(entry.data), *devices, len(name), check)
    out.write(b"070701" + b"".join(b"%08X" % value for value in fields))
    for part in (name, entry.data):
        out.write(part)
        out.write(b"\0" * (-out.tell() % 4))
