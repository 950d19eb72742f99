"""A bounds-checked walk over a flatbuffer in memory, for files that nobody vouches for.

Layout: https://flatbuffers.dev/internals (a table points back at its vtable, whose 16-bit entries say where each field
lies; vectors and strings are a 32-bit count and their elements; offsets point forward). Nothing is copied but what is
decoded, and that is paid for from an allowance of twice the file's size, so that offsets that point at the same bytes
again and again cannot make a small file large: the values read take at most about 20 times the file's size. Nothing
recurses.
"""

import struct
from typing import TYPE_CHECKING

from converters.errors import TfliteError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRUCTS = {code: struct.Struct("<" + code) for code in "bBhHiIqQf?"}
_OFFSET_BYTES = 4
_VTABLE_HEAD_BYTES = 4
_TABLE_COST_BYTES = 16  # an honest table takes at least 8 bytes: itself and the offset that leads to it
_SPARE_ALLOWANCE_BYTES = 65_536
_MOST_FIELDS = 17  # more than any table of the schema has; what a vtable says of others is never asked
MOST_TABLES = 1 << 20


class Flatbuffer:
    """The bytes of one file, its name for messages, and what may still be decoded of it."""

    __slots__ = ("_allowance", "_tables", "data", "name", "reach")

    def __init__(self, data: memoryview, name: str) -> None:
        """Take `data` (one byte an element) under the `name` that messages show."""
        self.data = data
        self.name = name
        self.reach = 0
        self._allowance = 2 * len(data) + _SPARE_ALLOWANCE_BYTES
        self._tables = 0

    def root(self, identifier: bytes) -> "Table":
        """Return the root table; raise `TfliteError` unless the buffer carries `identifier` at bytes 4 to 8."""
        head = _OFFSET_BYTES + len(identifier)
        if len(self.data) < head:
            raise self.refuse("the header", f"{len(self.data)} bytes", f"at least {head}")
        found = bytes(self.data[_OFFSET_BYTES:head])
        if found != identifier:
            raise self.refuse("the identifier at byte 4", repr(found), repr(identifier))
        return self.table(self.offset(0, "the root"), "the model")

    def refuse(self, what: str, got: object, expected: str) -> TfliteError:
        """Return the error that says what was found and what was expected, for the caller to raise."""
        return TfliteError(f"{self.name}: not a TFLite file: {what}: got {got}, expected {expected}")

    def claim(self, start: int, size: int, what: str) -> None:
        """Check that `size` bytes from `start` on lie in the file."""
        if start < 0 or start + size > len(self.data):
            raise self.refuse(what, f"bytes {start} to {start + size}", f"bytes within a file of {len(self.data)}")
        self.reach = max(self.reach, start + size)

    def pay(self, size: int, what: str) -> None:
        """Take `size` bytes off what may still be decoded."""
        self._allowance -= size
        if self._allowance < 0:
            raise self.refuse(what, "the same bytes used again and again", "a file whose parts are stored once")

    def number(self, code: str, position: int, what: str) -> int | float | bool:
        """Return the scalar of `struct` code `code` at `position`."""
        layout = _STRUCTS[code]
        self.claim(position, layout.size, what)
        value: int | float | bool = layout.unpack_from(self.data, position)[0]
        return value

    def offset(self, position: int, what: str) -> int:
        """Return the position that the offset at `position` points to."""
        return position + int(self.number("I", position, what))

    def table(self, position: int, where: str) -> "Table":
        """Return the table at `position` once its vtable and its extent have been checked."""
        self._tables += 1
        if self._tables > MOST_TABLES:
            raise self.refuse(where, f"more than {MOST_TABLES:,} tables", "fewer")
        self.pay(_TABLE_COST_BYTES, where)
        vtable = position - int(self.number("i", position, where))
        self.claim(vtable, _VTABLE_HEAD_BYTES, f"the vtable of {where}")
        vtable_size = int(self.number("H", vtable, where))
        size = int(self.number("H", vtable + 2, where))
        if vtable_size < _VTABLE_HEAD_BYTES or vtable_size % 2:
            raise self.refuse(f"the vtable of {where}", f"{vtable_size} bytes", "an even number, at least 4")
        if size < _OFFSET_BYTES:
            raise self.refuse(where, f"a table of {size} bytes", "at least 4")
        self.claim(vtable, vtable_size, f"the vtable of {where}")
        self.claim(position, size, where)
        count = min((vtable_size - _VTABLE_HEAD_BYTES) // 2, _MOST_FIELDS)
        fields = struct.unpack_from(f"<{count}H", self.data, vtable + _VTABLE_HEAD_BYTES)
        return Table(self, where, position=position, size=size, fields=fields)


class Table:
    """One table; a field is named by its vtable slot (4 for the first, 6 for the second, ...)."""

    __slots__ = ("_fields", "_position", "_size", "buffer", "where")

    def __init__(self, buffer: Flatbuffer, where: str, *, position: int, size: int, fields: tuple[int, ...]) -> None:
        """Take a table whose `size` bytes `Flatbuffer.table` has checked; `fields` are offsets in it, 0 for none."""
        self.buffer = buffer
        self.where = where
        self._position = position
        self._size = size
        self._fields = fields

    def refuse(self, what: str, got: object, expected: str) -> TfliteError:
        """Return the error about one `what` of this table, for the caller to raise."""
        return self.buffer.refuse(f"{what} of {self.where}", got, expected)

    def _field(self, slot: int, size: int) -> int | None:
        index = (slot - _VTABLE_HEAD_BYTES) // 2
        offset = self._fields[index] if index < len(self._fields) else 0
        if offset == 0:
            return None
        if offset < _OFFSET_BYTES or offset + size > self._size:
            raise self.refuse(f"field {slot}", f"offset {offset}", f"an offset inside the table's {self._size} bytes")
        return self._position + offset

    def number(self, slot: int, code: str, default: float) -> int | float | bool:
        """Return the scalar of `struct` code `code` in `slot`, or `default` where the file leaves it out."""
        layout = _STRUCTS[code]
        position = self._field(slot, layout.size)
        if position is None:
            return default
        value: int | float | bool = layout.unpack_from(self.buffer.data, position)[0]
        return value

    def integer(self, slot: int, code: str, default: int = 0) -> int:
        """Return the integer in `slot`, or `default`."""
        return int(self.number(slot, code, default))

    def table(self, slot: int, what: str) -> "Table | None":
        """Return the table that `slot` points to, or None."""
        position = self._field(slot, _OFFSET_BYTES)
        if position is None:
            return None
        where = f"{what} of {self.where}"
        return self.buffer.table(self.buffer.offset(position, where), where)

    def span(self, slot: int, what: str, size: int = 1) -> tuple[int, int]:
        """Return start and end of the vector in `slot`, with elements of `size` bytes; (0, 0) where there is none."""
        position = self._field(slot, _OFFSET_BYTES)
        if position is None:
            return 0, 0
        where = f"{what} of {self.where}"
        start = self.buffer.offset(position, where)
        count = int(self.buffer.number("I", start, where))
        start += _OFFSET_BYTES
        self.buffer.claim(start, count * size, where)
        return start, start + count * size

    def vector(self, slot: int, what: str, code: str, *, most: int | None = None) -> tuple[int | float, ...]:
        """Return the scalars of the vector in `slot`, () where there is none; more than `most` are refused."""
        layout = _STRUCTS[code]
        start, end = self.span(slot, what, layout.size)
        count = (end - start) // layout.size
        if most is not None and count > most:
            raise self.refuse(what, f"{count:,} entries", f"at most {most:,}")
        self.buffer.pay(end - start, what)
        return struct.unpack_from(f"<{count}{code}", self.buffer.data, start)

    def integers(self, slot: int, what: str, code: str = "i", *, most: int | None = None) -> tuple[int, ...]:
        """Return the integers of the vector in `slot`, as `vector` does."""
        return tuple(int(value) for value in self.vector(slot, what, code, most=most))

    def indices(self, what: str, indices: tuple[int, ...], count: int, lowest: int = 0) -> tuple[int, ...]:
        """Return `indices` once each is known to lie from `lowest` to below `count`."""
        for index in indices:
            if not lowest <= index < count:
                raise self.refuse(what, index, f"an index from {lowest} to {count - 1}")
        return indices

    def tables(self, slot: int, what: str) -> "Iterator[Table]":
        """Yield the tables of the vector of tables in `slot`, in order."""
        start, end = self.span(slot, f"the {what}s", _OFFSET_BYTES)
        suffix = "" if self.where == "the model" else f" of {self.where}"
        for index, position in enumerate(range(start, end, _OFFSET_BYTES)):
            where = f"{what} {index}{suffix}"
            yield self.buffer.table(self.buffer.offset(position, where), where)

    def text(self, slot: int, what: str) -> str:
        """Return the string in `slot`, "" where there is none; bytes that are not UTF-8 become backslash escapes."""
        start, end = self.span(slot, what)
        if start == end == 0:
            return ""
        if self.buffer.number("B", end, f"{what} of {self.where}") != 0:
            raise self.refuse(what, "a string without its closing zero byte", "one with it")
        self.buffer.pay(end - start, what)
        return bytes(self.buffer.data[start:end]).decode("utf-8", "backslashreplace")
