"""Files that appear only whole, whatever ends who writes them."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device_tests import files
from device_tests.errors import ReportError
from device_tests.files import read_whole, write_whole, writing

ROOT = Path(__file__).parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 64 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_written_file_is_read_and_lies_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"old", ReportError)
    write_whole(tmp_path / "file", b"new", ReportError)
    assert read_whole(tmp_path / "file", ReportError) == b"new"
    assert names(tmp_path) == ["file"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    sentence = r"^cannot write .*file: File too large; nothing was left behind$"
    with small_disk(), pytest.raises(ReportError, match=sentence):
        write_whole(path, bytes(65), ReportError)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_block_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with writing(path) as part:
            part.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/file")
    write_whole(tmp_path / "link", b"new", ReportError)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder/file").read_bytes() == b"new"


def test_the_mode_is_that_of_any_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "file", b"", ReportError)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("path", [os.devnull, "."])
def test_what_is_no_file_is_not_replaced(path: str) -> None:
    with pytest.raises(ReportError, match=r"^cannot write .*it is there and is not a file, and the path of a file"):
        write_whole(path, b"data", ReportError)
    assert not Path(path).is_file()


def test_a_path_that_leads_nowhere_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"^cannot read .*none: No such file or directory$"):
        read_whole(tmp_path / "none", ReportError)
    with pytest.raises(ReportError, match=r"^cannot write .*file: No such file or directory; nothing was left behind$"):
        write_whole(tmp_path / "none/file", b"", ReportError)


KILLED = """
import os, signal, sys
from pathlib import Path
from device_tests.files import writing
with writing(Path(sys.argv[1])) as part:
    part.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_in_the_middle(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, path], env={"PYTHONPATH": str(ROOT)}, check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize("name", ["file", "a [1] *.x", "long" * 40])
def test_what_a_killed_writer_left_goes_with_the_next_write_of_that_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")
    kill_in_the_middle(path)
    assert path.read_bytes() == b"old"
    (left,) = set(tmp_path.iterdir()) - {path}
    assert left.read_bytes() == b"half"
    write_whole(tmp_path / "other", b"", ReportError)
    assert left.exists(), "another file's writer has nothing to do with it"
    write_whole(path, b"new", ReportError)
    assert names(tmp_path) == sorted([name, "other"])
    assert path.read_bytes() == b"new"


def test_the_part_of_a_living_writer_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with writing(path) as part:
        part.write_bytes(b"slow")
        write_whole(path, b"quick", ReportError)
        assert part.read_bytes() == b"slow"
    assert path.read_bytes() == b"slow"
    assert names(tmp_path) == ["file"]


def test_a_part_that_is_removed_before_it_is_locked_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[Path] = []
    lock = files._lock

    def late(held: object) -> None:
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()
        lock(held)

    monkeypatch.setattr(files, "_lock", late)
    with writing(tmp_path / "file") as part:
        write_whole(tmp_path / "file", b"another's", ReportError)
        assert part.read_bytes() == b""
    assert len(removed) == 1
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("path", ["/dev/zero", "."])
def test_what_is_no_file_is_not_read(path: str) -> None:
    with pytest.raises(ReportError, match=r"^cannot read .*: it is there and is not a file"):
        read_whole(path, ReportError)


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReportError, match="is not a file"):
        read_whole(tmp_path / "pipe", ReportError)


def test_a_path_with_a_zero_byte_is_one_sentence() -> None:
    with pytest.raises(ReportError, match=r"^cannot read a\0b: embedded null byte$"):
        read_whole("a\0b", ReportError)


def test_a_file_beyond_two_gib_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 31)
    with pytest.raises(ReportError, match=r"it has 2,147,483,648 bytes, at most 2,147,483,647 are read"):
        read_whole(path, ReportError)
