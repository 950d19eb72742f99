"""The zip around a bundle, in one exact form: any other bytes are refused.

The form, all of it: members sorted by name; each as a local header (version 2.0, no flags, method 0, 1980-01-01 00:00,
CRC-32, sizes, name, no extra field) and its bytes; then the central directory in the same order (made by 2.0 on FAT, no
attributes) and the end record. The reader takes only the bytes that the writer gives for the members it finds.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from device_tests.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_MEMBERS = 64
MAX_BYTES = (1 << 31) - 1

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_DAY_ONE = 0x0021  # 1980-01-01 in the words of MS-DOS
_VERSION_NEEDED = 20


def pieces(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the container piece by piece, so that it can be compared without a second copy of it."""
    central: list[bytes] = []
    at = 0
    for name in sorted(members):
        data, raw = members[name], name.encode()
        same = (_VERSION_NEEDED, 0, 0, 0, _DAY_ONE, zlib.crc32(data), len(data), len(data), len(raw), 0)
        yield _LOCAL.pack(b"PK\3\4", *same) + raw
        yield data
        central.append(_CENTRAL.pack(b"PK\1\2", _VERSION_NEEDED, *same, 0, 0, 0, 0, at) + raw)
        at += _LOCAL.size + len(raw) + len(data)
    directory = b"".join(central)
    yield directory
    yield _END.pack(b"PK\5\6", 0, 0, len(members), len(members), len(directory), at, 0)


def members_of(data: bytes, name: str) -> dict[str, bytes]:
    """Return the members that a container's central directory names.

    Every length is checked against the bytes that are there before it is used. Raises BundleError.
    """
    if len(data) < _END.size or len(data) > MAX_BYTES or not data.startswith(b"PK\3\4"):
        raise BundleError(f"{name} is not a bundle: it is no zip that edgerec wrote")
    _, _, _, _, count, size, start, _ = _END.unpack_from(data, len(data) - _END.size)
    end = len(data) - _END.size
    if data[end : end + 4] != b"PK\5\6" or start + size != end or count > MAX_MEMBERS:
        raise BundleError(f"{name} is damaged or cut short: its last bytes are not the end of a bundle")
    members: dict[str, bytes] = {}
    at, expected = start, 0
    for _ in range(count):
        if at + _CENTRAL.size > end:
            raise BundleError(f"{name} is damaged: its directory holds fewer than {count} members")
        entry = _CENTRAL.unpack_from(data, at)
        length, raw_length, local = entry[9], entry[10], entry[16]
        raw = data[at + _CENTRAL.size : at + _CENTRAL.size + raw_length]
        body = local + _LOCAL.size + raw_length
        if local != expected or body + length > start:
            raise BundleError(f"{name} is damaged: its members do not follow each other")
        expected = body + length
        members[raw.decode("utf-8", "replace")] = data[body : body + length]
        at += _CENTRAL.size + raw_length
    return members


def refuse_other_bytes(data: bytes, members: Mapping[str, bytes], name: str) -> None:
    """Raise BundleError, naming the first byte, where data is not what `pieces` gives for these members."""
    view = memoryview(data)
    at = 0
    for piece in pieces(members):
        if view[at : at + len(piece)] != piece:
            raise BundleError(f"{name} is damaged: byte {at} and what follows are not as edgerec wrote them")
        at += len(piece)
    if at != len(data):
        raise BundleError(f"{name} is damaged: {len(data) - at} bytes too many")
