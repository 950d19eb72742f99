"""ELF headers, read from a file made by hand and from this machine's own programs."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from edgerec.targets.capsules import elf

STRINGS = b"\0libone.so.1\0libtwo.so.2\0"
BASE = 0x400000


def made(*, wide: bool) -> bytes:
    """Write a file of one loaded segment with a dynamic section that asks for two libraries, and symbols after it."""
    header, entry, pair = (64, 56, "<qQ") if wide else (52, 32, "<iI")
    strings = header + 2 * entry
    dynamic = strings + len(STRINGS)
    tags = [(5, BASE + strings), (1, 1), (1, 13), (0, 0)]
    section = b"".join(struct.pack(pair, *tag) for tag in tags)
    end = dynamic + len(section)
    programs = [(1, 0, BASE, end), (2, dynamic, BASE + dynamic, len(section))]
    if wide:
        head = struct.pack(
            "<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 3, 183, 1, 0, header, end, 0, 64, 56, 2, 64, 3, 2
        )
        table = b"".join(
            struct.pack("<IIQQQQQQ", kind, 4, at, to, to, size, size, 8) for kind, at, to, size in programs
        )
    else:
        head = struct.pack(
            "<4sBBBB8xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 0, 3, 40, 1, 0, header, end, 0, 52, 32, 2, 40, 3, 2
        )
        table = b"".join(
            struct.pack("<IIIIIIII", kind, at, to, to, size, size, 4, 4) for kind, at, to, size in programs
        )
    return head + table + STRINGS + section + b"symbols"


@pytest.mark.parametrize("wide", [True, False])
def test_the_libraries_are_read_in_their_order(wide: bool, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(made(wide=wide))
    assert elf.is_elf(file)
    assert elf.needed(file) == ("libone.so.1", "libtwo.so.2")


@pytest.mark.parametrize("wide", [True, False])
def test_what_no_loader_reads_is_cut_off_and_no_header_points_there(wide: bool, tmp_path: Path) -> None:
    whole, file = made(wide=wide), tmp_path / "file"
    cut = elf.loaded(whole)
    assert len(cut) == len(whole) - len(b"symbols")
    assert struct.unpack_from("<Q" if wide else "<I", cut, 40 if wide else 32) == (0,)
    assert struct.unpack_from("<HHH", cut, 58 if wide else 46) == (0, 0, 0)
    file.write_bytes(cut)
    assert elf.needed(file) == ("libone.so.1", "libtwo.so.2")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text("print()")
    assert not elf.is_elf(file)
    with pytest.raises(ValueError, match="is not an ELF file"):
        elf.needed(file)


@pytest.mark.skipif(sys.platform != "linux", reason="programs of Linux")
def test_a_program_of_this_machine_runs_without_what_was_cut_off(tmp_path: Path) -> None:
    source, program = Path("/bin/echo").resolve(), tmp_path / "echo"
    assert any(name.startswith("libc.") for name in elf.needed(source))
    program.write_bytes(elf.loaded(source.read_bytes()))
    program.chmod(0o755)
    assert elf.needed(program) == elf.needed(source)
    assert subprocess.run([program, "runs"], capture_output=True, text=True, check=True).stdout == "runs\n"
