"""Programs and shared objects of Linux by their own headers: what they ask the loader for, and all that it reads."""

import struct
from pathlib import Path

_MAGIC = b"\x7fELF"
_LOAD, _DYNAMIC = 1, 2  # kinds of program headers
_NEEDED, _STRINGS = 1, 5  # tags of the dynamic section
_WIDE = 2  # the class of 64-bit files


def is_elf(path: Path) -> bool:
    """Tell whether a file is a program or shared object of Linux."""
    with path.open("rb") as file:
        return file.read(4) == _MAGIC


def needed(path: Path) -> tuple[str, ...]:
    """Return the names of the shared objects that a little-endian ELF file asks its loader for, in its order.

    The layout is that of the System V ABI, chapters 4 and 5. Raises ValueError for a file that is none.
    """
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise ValueError(f"{path} is not an ELF file.")
    wide = data[4] == _WIDE
    headers = _headers(data, wide=wide)
    entry = struct.Struct("<qQ" if wide else "<iI")
    tags = [
        pair
        for kind, offset, _, size in headers
        if kind == _DYNAMIC
        for pair in entry.iter_unpack(data[offset : offset + size // entry.size * entry.size])
    ]
    address = next((value for tag, value in tags if tag == _STRINGS), None)
    if address is None:
        return ()
    base, where = next(
        (base, at) for kind, at, base, size in headers if kind == _LOAD and base <= address < base + size
    )
    strings = where + address - base
    return tuple(_text(data, strings + value) for tag, value in tags if tag == _NEEDED)


def loaded(data: bytes) -> bytes:
    """Return a little-endian ELF file up to the end of its last segment: what follows, symbols, no loader reads."""
    wide = data[4] == _WIDE
    kept = bytearray(data[: max(offset + size for _, offset, _, size in _headers(data, wide=wide))])
    struct.pack_into("<Q" if wide else "<I", kept, 40 if wide else 32, 0)  # where the sections' headers lie
    struct.pack_into("<HHH", kept, 58 if wide else 46, 0, 0, 0)  # their size, number, and the one of their names
    return bytes(kept)


def _headers(data: bytes, *, wide: bool) -> list[tuple[int, int, int, int]]:
    """Read the program headers: kind, offset in the file, address in memory, bytes in the file."""
    start = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)[0]
    size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
    found = []
    for number in range(count):
        at = start + number * size
        if wide:
            kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = struct.unpack_from("<IIIII", data, at)
        found.append((kind, offset, address, length))
    return found


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()
