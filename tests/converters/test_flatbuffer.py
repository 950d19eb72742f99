import struct

import pytest

from converters.errors import TfliteError
from converters.flatbuffer import Flatbuffer, Table


def buffer_with(table: bytes, vtable: bytes, tail: bytes = b"") -> bytes:
    """Lay out root offset, identifier, vtable, table (whose first 4 bytes are set here), tail."""
    start = 8 + len(vtable)
    return struct.pack("<I4s", start, b"TEST") + vtable + struct.pack("<i", len(vtable)) + table + tail


def root(data: bytes) -> Table:
    return Flatbuffer(memoryview(data), "file").root(b"TEST")


ONE_FIELD = struct.pack("<HHH", 6, 8, 4) + b"\0\0"  # padded to 8 bytes


def test_a_field_is_read_and_a_missing_one_is_its_default() -> None:
    table = root(buffer_with(struct.pack("<i", 7), ONE_FIELD))
    assert table.integer(4, "i") == 7
    assert table.integer(6, "i", -1) == -1
    assert table.text(6, "name") == ""
    assert table.integers(8, "numbers") == ()
    assert list(table.tables(10, "part")) == []
    assert table.table(12, "part") is None


def test_vectors_and_strings_follow_their_offset() -> None:
    vector = struct.pack("<Iii", 2, 3, -4)
    assert root(buffer_with(struct.pack("<I", 4), ONE_FIELD, vector)).integers(4, "numbers") == (3, -4)
    text = struct.pack("<I", 2) + b"hi\0\0"
    assert root(buffer_with(struct.pack("<I", 4), ONE_FIELD, text)).text(4, "name") == "hi"


def test_bytes_that_are_not_utf8_become_escapes() -> None:
    text = struct.pack("<I", 1) + b"\xff\0\0\0"
    assert root(buffer_with(struct.pack("<I", 4), ONE_FIELD, text)).text(4, "name") == "\\xff"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the header: got 0 bytes, expected at least 8"),
        (b"\x08\0\0\0NOPE", "got b'NOPE', expected b'TEST'"),
        (struct.pack("<I4s", 2**32 - 1, b"TEST"), "got bytes 4294967295 to 4294967299"),
        (buffer_with(b"", struct.pack("<HH", 4, 400)), "got bytes 12 to 412"),
        (buffer_with(b"", struct.pack("<HH", 5, 4)), "got 5 bytes, expected an even number"),
        (buffer_with(b"", struct.pack("<HH", 2, 4)), "got 2 bytes, expected an even number, at least 4"),
        (buffer_with(b"", struct.pack("<HH", 4, 3)), "got a table of 3 bytes"),
        (buffer_with(b"", struct.pack("<HH", 4000, 4)), "the vtable of the model"),
        (struct.pack("<I4si", 8, b"TEST", 2**31 - 1), "the vtable of the model"),
    ],
)
def test_a_broken_root_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(TfliteError, match="file: not a TFLite file: ") as caught:
        root(data)
    assert says in str(caught.value)


@pytest.mark.parametrize("offset", [1, 3, 5, 8, 65535])
def test_a_field_outside_its_table_is_refused(offset: int) -> None:
    table = root(buffer_with(struct.pack("<i", 7), struct.pack("<HHH", 6, 8, offset) + b"\0\0"))
    with pytest.raises(TfliteError, match="an offset inside the table's 8 bytes"):
        table.integer(4, "i")


def test_a_count_beyond_the_file_is_refused_before_anything_is_made_of_it() -> None:
    table = root(buffer_with(struct.pack("<I", 4), ONE_FIELD, struct.pack("<I", 2**32 - 1)))
    for read in (
        lambda: table.integers(4, "numbers"),
        lambda: table.text(4, "name"),
        lambda: [*table.tables(4, "part")],
    ):
        with pytest.raises(TfliteError, match="got bytes"):
            read()


def test_a_string_without_its_closing_zero_is_refused() -> None:
    table = root(buffer_with(struct.pack("<I", 4), ONE_FIELD, struct.pack("<I", 2) + b"hi!\0"))
    with pytest.raises(TfliteError, match="closing zero byte"):
        table.text(4, "name")


def test_a_million_offsets_to_one_table_are_refused() -> None:
    count = 200_000
    vector = struct.pack("<I", count) + b"".join(struct.pack("<I", 4 * (count - i)) for i in range(count))
    shared = ONE_FIELD[:4] + struct.pack("<HH", 4, 0)  # never reached: every offset leads to the table below
    tail = struct.pack("<i", -4) + struct.pack("<HH", 4, 4)
    table = root(buffer_with(struct.pack("<I", 4), ONE_FIELD, vector + tail + shared))
    with pytest.raises(TfliteError, match="the same bytes used again and again"):
        list(table.tables(4, "part"))


def test_one_vector_read_again_and_again_is_refused() -> None:
    table = root(buffer_with(struct.pack("<I", 4), ONE_FIELD, struct.pack("<I", 50_000) + bytes(200_000)))
    with pytest.raises(TfliteError, match="the same bytes used again and again"):
        [table.integers(4, "numbers") for _ in range(4)]
