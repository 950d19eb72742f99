"""Memory: what smaps means, that growth is seen where it happens, and that unknown is None."""

import mmap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device_tests import memory
from device_tests.memory import Resident

SMAPS = b"""\
5581-5582 r-xp 00001000 fe:01 1234   /usr/bin/python3.11
Rss:                 100 kB
Pss:                  50 kB
Private_Clean:        60 kB
Private_Dirty:         0 kB
VmFlags: rd ex mr mw me sd
5583-5584 rw-p 00000000 00:00 0      [heap]
Rss:                  40 kB
Private_Clean:         1 kB
Private_Dirty:        32 kB
Private_Hugetlb:       4 kB
7f00-7f01 rw-p 00000000 00:00 0
Rss:                   8 kB
Private_Clean:         0 kB
Private_Dirty:         8 kB
7f02-7f03 r--s 00000000 fe:01 99     /tmp/model.tflite (deleted)
Rss:                   7 kB
Private_Clean:         7 kB
Private_Dirty:         0 kB
"""


def process(folder: Path, **files: bytes) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_anonymous_memory_is_private_and_files_are_mapped(tmp_path: Path) -> None:
    assert memory.resident(process(tmp_path, smaps=SMAPS)) == Resident(private=45 * 1024, mapped=107 * 1024)


def test_what_the_system_does_not_tell_is_unknown_and_never_0(tmp_path: Path) -> None:
    assert memory.resident(tmp_path) is None
    assert memory.peak(tmp_path) is None
    assert memory.resident(process(tmp_path, smaps=b"")) is None
    assert memory.peak(process(tmp_path, status=b"Name: x\n")) is None


def test_the_peak_is_read(tmp_path: Path) -> None:
    assert memory.peak(process(tmp_path, status=b"Name: x\nVmPeak:  9 kB\nVmHWM:\t   123 kB\n")) == 123 * 1024


def test_an_array_is_private_growth() -> None:
    before = memory.resident()
    kept = np.ones(1 << 23)
    after = memory.resident()
    assert 0.95 * kept.nbytes < after.private - before.private < 1.1 * kept.nbytes
    assert after.mapped - before.mapped < 1 << 20


def test_a_mapped_file_is_mapped_growth(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1 << 24))
    with (tmp_path / "file").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        before = memory.resident()
        assert sum(mapped[:: mmap.PAGESIZE]) == 0
        after = memory.resident()
    assert 0.9 * (1 << 24) < after.mapped - before.mapped < 1.2 * (1 << 24)
    assert after.private - before.private < 1 << 20


def test_the_peak_starts_again() -> None:
    kept = np.ones(1 << 24)
    high = memory.peak()
    del kept
    memory.restart_peak()
    assert memory.peak() < high - (1 << 26)


@pytest.mark.parametrize("columns", [64, 1024])
def test_a_table_that_is_read_is_mapped(
    columns: int, make: Callable, new_catalogue: type, harness: Callable, tmp_path: Path
) -> None:
    """The dense layer of 2,000 rows: its pages come from the file, or are packed into memory of the process's own."""
    made = make(tmp_path / "x.bundle", new_catalogue(items=2000, columns=columns))
    grown = harness(made.path, "--only", "memory").report.memory
    table = 2000 * columns * 4
    assert grown.private_run + grown.mapped_run > table
    assert grown.private_run + grown.mapped_run < 12 << 20 | 4 * table
    assert grown.peak > 20 << 20
