import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgerec.compress import cache

FILES = {"model.tflite": b"the model" * 100, "notes.json": b"{}", "proof/users.npy": b"users"}
NAME = "a" * 64


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path))
    return tmp_path / "cache"


def never() -> dict[str, bytes]:
    raise AssertionError("made again although it was kept")


def test_what_was_made_is_kept() -> None:
    assert cache.read(NAME) is None
    assert cache.files_of(NAME, lambda: FILES) == FILES
    assert cache.files_of(NAME, never) == FILES
    assert cache.read(NAME) == FILES


@pytest.mark.parametrize("file", [*FILES, cache.DIGESTS])
@pytest.mark.parametrize("how", ["flip", "cut", "gone", "empty"])
def test_an_entry_that_is_no_longer_what_was_written_is_made_again(home: Path, file: str, how: str) -> None:
    cache.write(NAME, FILES)
    path = home / NAME / file
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        changed = {"flip": bytes([data[0] ^ 1]) + data[1:], "cut": data[:-1], "empty": b""}[how]
        path.write_bytes(changed)
    assert cache.read(NAME) is None
    assert cache.files_of(NAME, lambda: FILES) == FILES
    assert cache.read(NAME) == FILES


@pytest.mark.parametrize("digests", [[], 3, None, ["model.tflite"], {"model.tflite": 3}])
def test_digests_of_another_form_are_no_entry(home: Path, digests: object) -> None:
    cache.write(NAME, FILES)
    (home / NAME / cache.DIGESTS).write_text(json.dumps(digests))
    assert cache.read(NAME) is None


def test_an_entry_whose_making_fails_is_not_there(home: Path) -> None:
    def fails() -> dict[str, bytes]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.files_of(NAME, fails)
    assert list(home.iterdir()) == []


def test_an_entry_whose_writing_fails_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(KeyboardInterrupt):
        cache.write(NAME, FILES)
    assert list(home.iterdir()) == []


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(cache.storage.StorageError, match="No space is left"):
        cache.write(NAME, FILES)


def test_leftovers_of_killed_writers_go_after_a_day(home: Path) -> None:
    cache.write(NAME, FILES)
    old, young = home / f"{cache.PARTIAL}old", home / f"{cache.PARTIAL}young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "half").write_bytes(b"x")
    past = time.time() - cache.ABANDONED_S - 60
    os.utime(old, (past, past))
    cache.write("b" * 64, FILES)
    assert sorted(each.name for each in home.iterdir()) == sorted([young.name, NAME, "b" * 64])


def test_the_key_changes_with_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        cache.key("convert", model="m", precision="float32"),
        cache.key("step", model="m", precision="float32"),
        cache.key("convert", model="n", precision="float32"),
        cache.key("convert", model="m", precision="float16"),
        cache.key("convert", model="m"),
    }
    monkeypatch.setattr(cache, "code_digest", lambda: "other code")
    keys.add(cache.key("convert", model="m", precision="float32"))
    assert len(keys) == 6
    assert cache.key("convert", a=1, b=2) == cache.key("convert", b=2, a=1)


def test_the_digest_of_the_code_is_of_every_module_that_makes_an_entry_and_of_its_place(tmp_path: Path) -> None:
    package = tmp_path / "package"
    places = ("build.py", "compress/step.py", "data/step.py", "cli/build.py", "report/build.py")
    for place in places:
        (package / place).parent.mkdir(parents=True, exist_ok=True)
        (package / place).write_text("value = 1\n")
    before = cache.digest_of([package])
    for place in places:
        (package / place).write_text("value = 2\n")
        for_people = place.startswith(("cli/", "report/"))
        assert (cache.digest_of([package]) == before) == for_people, place
        (package / place).write_text("value = 1\n")
    (package / "compress/step.py").rename(package / "data/other.py")
    (package / "data/step.py").rename(package / "compress/step.py")
    (package / "data/other.py").rename(package / "data/step.py")
    assert cache.digest_of([package]) == before
    (package / "data/step.py").rename(package / "models.py")
    assert cache.digest_of([package]) != before


@pytest.mark.parametrize("module", ["edgerec.build", "edgerec.packing", "device_tests.harness", "converters.worker"])
def test_the_code_that_is_digested_is_where_entries_are_made(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Path(*module.split(".")).with_suffix(".py")
    read = Path.read_bytes
    before = cache.code_digest.__wrapped__()
    changed = lambda path: read(path) + b"#" * path.as_posix().endswith(f"/{place.as_posix()}")  # noqa: E731
    monkeypatch.setattr(Path, "read_bytes", changed)
    assert cache.code_digest.__wrapped__() != before


WRITER = """
from edgerec.compress import cache
files = {"model.tflite": b"the model" * 100, "notes.json": b"{}", "proof/users.npy": b"users"}
for round_ in range(40):
    cache.write(f"{round_:064}", files)
    assert cache.read(f"{round_:064}") == files
"""


def test_many_processes_write_the_same_entries_at_once(home: Path) -> None:
    root = str(Path(cache.storage.__file__).parents[1])
    running = [subprocess.Popen([sys.executable, "-c", WRITER], env={**os.environ, "PYTHONPATH": root}) for _ in "abc"]
    assert [each.wait() for each in running] == [0, 0, 0]
    assert sorted(each.name for each in home.iterdir()) == [f"{round_:064}" for round_ in range(40)]
