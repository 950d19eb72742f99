"""The archive that Linux boots from, read back by a reader of the format."""

from hypothesis import given
from hypothesis import strategies as st

from edgerec.targets.board import cpio
from edgerec.targets.board.cpio import Entry

PATHS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
ENTRIES = st.dictionaries(PATHS, st.binary(max_size=40).map(cpio.file) | st.just(cpio.folder()) | PATHS.map(cpio.link))


def read(archive: bytes) -> dict[str, Entry]:
    """Read as the kernel documents the initramfs buffer format, as far as the trailer."""
    found, at = {}, 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * place : at + 14 + 8 * place], 16) for place in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        start = at + 110 + name_size + -(110 + name_size) % 4
        if name == b"TRAILER!!!\0":
            assert len(archive) % 4 == 0
            return found
        found[name[:-1].decode()] = Entry(mode, archive[start : start + size])
        at = start + size + -size % 4


@given(ENTRIES)
def test_what_was_archived_is_read_back_in_its_order(entries: dict[str, Entry]) -> None:
    made = cpio.archive(entries)
    assert list(read(made).items()) == list(entries.items())
    assert made == cpio.archive(dict(entries))
