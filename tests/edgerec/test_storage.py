"""Edgerec's folder, and files that appear whole or not at all."""

import errno
import os
import sys
import tempfile
from pathlib import Path

import pytest

from edgerec import storage
from edgerec.storage import StorageError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_home_is_what_edgerec_home_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert storage.home() == home


def test_home_is_absolute_when_edgerec_home_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEREC_HOME", "here")
    assert storage.home() == tmp_path / "here"


@pytest.mark.parametrize(
    ("xdg", "expected"),
    [("/caches", "/caches/edgerec"), ("relative", "/user/.cache/edgerec"), ("", "/user/.cache/edgerec")],
)
def test_home_follows_xdg(xdg: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEREC_HOME", "")
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", "/user")
    assert storage.home() == Path(expected)


def test_usage_counts_the_bytes_of_each_part(home: Path) -> None:
    (storage.folder("cache") / "deep").mkdir()
    (home / "cache" / "deep" / "step").write_bytes(b"12345")
    (storage.folder("harness") / "harness.pyz").write_bytes(b"123")
    assert storage.usage() == {
        "environments": 0,
        "capsules": 0,
        "boards": 0,
        "emulator": 0,
        "cache": 5,
        "harness": 3,
        "searches": 0,
        "loops": 0,
    }


def test_clean_empties_the_named_part_and_says_what_it_freed(home: Path) -> None:
    (storage.folder("cache") / "step").write_bytes(b"12345")
    (storage.folder("harness") / "harness.pyz").write_bytes(b"123")
    assert storage.clean("cache") == 5
    assert storage.usage() == {
        "environments": 0,
        "capsules": 0,
        "boards": 0,
        "emulator": 0,
        "cache": 0,
        "harness": 3,
        "searches": 0,
        "loops": 0,
    }
    assert storage.clean() == 3
    assert list(home.iterdir()) == []


def test_clean_ends_what_an_interrupted_clean_began(home: Path) -> None:
    doomed = home / ".cache-00000000.deleted"
    doomed.mkdir(parents=True)
    (doomed / "step").write_bytes(b"12345")
    storage.clean()
    assert not doomed.exists()


def test_clean_of_nothing_frees_nothing(home: Path) -> None:
    assert storage.clean() == 0
    assert not home.exists()


def test_an_unknown_part_is_refused(home: Path) -> None:
    with pytest.raises(
        StorageError, match=r"no part 'caches'.*environments, capsules, boards, emulator, cache, harness"
    ):
        storage.clean("caches")


def test_write_bytes_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    storage.write_bytes(path, b"old")
    storage.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_write_text_keeps_line_ends(tmp_path: Path) -> None:
    storage.write_text(tmp_path / "file", "ä\r\nb\n")
    assert (tmp_path / "file").read_bytes() == b"\xc3\xa4\r\nb\n"


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"No space is left for .*file.*doctor --clean"):
        storage.write_bytes(tmp_path / "file", b"data")
    assert list(tmp_path.iterdir()) == []


def test_the_program_to_free_some_with_is_called_as_it_was_called(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/edgerec")])
    with pytest.raises(StorageError, match=r"\(`\.venv/bin/edgerec doctor --clean` empties"), storage.telling(home):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_device_is_told(home: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(StorageError, match="No space is left"), storage.telling(Path("/dev/full")):
        Path("/dev/full").write_bytes(b"data")


def test_a_path_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot be written: .*Choose a path"):
        storage.write_bytes(tmp_path / "file" / "below", b"data")


@pytest.mark.parametrize("path", ["/dev/null", "."])
def test_what_is_no_file_is_not_replaced(path: str) -> None:
    with pytest.raises(StorageError, match="is not a file"):
        storage.write_bytes(Path(path), b"data")
    assert Path(path).exists()


def test_a_file_to_come_has_its_folder_before_the_work(tmp_path: Path) -> None:
    assert storage.prepare(tmp_path / "new/folder/file") == tmp_path / "new/folder/file"
    assert list((tmp_path / "new/folder").iterdir()) == []
    (tmp_path / "file").write_text("kept")
    storage.prepare(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_what_could_not_be_written_after_the_work_is_refused_before_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file/below", Path(os.devnull)):
        with pytest.raises(StorageError):
            storage.prepare(path)
    with pytest.raises(StorageError), storage.writing(Path(os.devnull)):
        pass


@pytest.fixture
def no_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave the system no folder for temporary files, as a full root partition does."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])


@pytest.mark.usefixtures("no_temporary_folder")
def test_no_temporary_folder_is_one_sentence_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"No usable temporary directory found in .*set TMPDIR"):
        storage.scratch_file()
    with pytest.raises(StorageError, match=r"No usable temporary directory found in .*set TMPDIR"):
        storage.scratch().__enter__()


def test_a_scratch_folder_is_gone_after_its_block_and_what_it_cannot_hold_is_told(tmp_path: Path) -> None:
    with storage.scratch("run-", within=tmp_path) as folder:
        assert folder.parent == tmp_path
        (folder / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(StorageError, match="No space is left for"),
        storage.scratch(within=tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(StorageError, match=r"none cannot be written"),
        storage.scratch(within=tmp_path / "none"),
    ):
        raise AssertionError


def test_every_temporary_folder_of_the_host_is_made_in_one_place() -> None:
    """A place that makes its own shows a traceback where there is no temporary folder."""
    package = Path(storage.__file__).parent
    makers = {path.name for path in package.rglob("*.py") if "import tempfile" in path.read_text(encoding="utf-8")}
    assert makers == {"storage.py", "cache.py"}  # a kept step is written beside the others


def test_what_a_library_leaves_among_the_temporary_files_goes_with_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with storage.temporary_files_held():
        with tempfile.NamedTemporaryFile(delete=False) as left:
            assert Path(left.name).is_relative_to(tmp_path)
        assert list(tmp_path.iterdir()) != []
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() == str(tmp_path)


def test_the_place_of_temporary_files_is_given_back_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ValueError, match="anything"), storage.temporary_files_held():
        raise ValueError("anything")
    assert tempfile.gettempdir() == str(tmp_path)
    assert list(tmp_path.iterdir()) == []
