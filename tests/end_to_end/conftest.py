"""A folder as a user has it, with models, data and bundles, and `edgerec` run in it."""

import itertools
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import bundle as bundle_format

REPOSITORY = Path(__file__).parents[2]
_SHARED = runpy.run_path(str(REPOSITORY / "tests/edgerec/conftest.py"))
tiny_model, tiny_tflite, tiny_manifest = (_SHARED[name] for name in ("tiny_model", "tiny_tflite", "tiny_manifest"))
tiny_members = _SHARED["tiny_members"]
_COMMANDS = runpy.run_path(str(REPOSITORY / "tests/edgerec/cli/conftest.py"))
keras_files, ratings, called, ITEMS = (_COMMANDS[name] for name in ("keras_files", "ratings", "called", "ITEMS"))

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that temporary files go to."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture
def folder(tmp_path: Path, tiny_tflite: bytes, tiny_members: dict[str, bytes]) -> Path:
    """Give the user's folder: a .tflite, a bundle, a vocabulary, interactions, and files that are no model."""
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    bundle_format.write(tmp_path / "tiny.edgerec", tiny_members)
    (tmp_path / "items.txt").write_text("".join(f"i{item:02}\n" for item in range(ITEMS)))
    (tmp_path / "ratings.csv").write_text(ratings(ITEMS))
    (tmp_path / "few.csv").write_text(ratings(ITEMS - 1))
    (tmp_path / "text").write_text("not a model\n")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "half.tflite").write_bytes(tiny_tflite[: len(tiny_tflite) // 2])
    (tmp_path / "half.edgerec").write_bytes((tmp_path / "tiny.edgerec").read_bytes()[:5000])
    (tmp_path / "half.keras").write_bytes(b"PK\x03\x04" + bytes(100))
    (tmp_path / "half.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.fixture
def environment(scratch: Path) -> dict[str, str]:
    """Give what the program is run with: the environments of the tests, its temporary files where they are seen."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(scratch)}


@pytest.fixture
def edgerec(request: pytest.FixtureRequest, folder: Path, environment: dict[str, str]) -> Callable[..., Done]:
    """Run `edgerec` in the user's folder to its end; `limit` bytes is the longest file that it may write.

    It is a process of its own with a limit, where TensorFlow is needed, and the first time in each test.
    """
    needs_tensorflow = request.node.get_closest_marker("tensorflow") is not None
    turns = itertools.count()

    def run(*arguments: object, limit: int | None = None, timeout: float = 300) -> Done:
        if next(turns) and limit is None and not needs_tensorflow:
            done: Done = called(list(map(str, arguments)), folder, environment)
            return done
        command = [sys.executable, "-m", "edgerec.cli", *map(str, arguments)]
        if limit is not None:
            # By a program of its own: a function to run before exec is not safe beside threads.
            command = ["prlimit", f"--fsize={limit}", *command]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    return run


@pytest.fixture
def refuses(
    edgerec: Callable[..., Done], folder: Path, scratch: Path, files_of: Callable[[Path], dict[str, bytes]]
) -> Callable[..., str]:
    """Run `edgerec`, and check that it ends in one sentence and leaves nothing; give the sentence."""

    def run(*arguments: object, code: int = 2, limit: int | None = None) -> str:
        before = files_of(folder)
        done = edgerec(*arguments, limit=limit)
        *progress, sentence = done.stderr.splitlines()
        assert done.returncode == code, done
        assert sentence.startswith("error: "), done.stderr
        assert all(line.startswith(("[", "Usage: ")) for line in progress), done.stderr
        assert done.stdout == ""
        assert files_of(folder) == before
        assert list(scratch.iterdir()) == []
        return sentence

    return run


@pytest.fixture
def files_of() -> Callable[[Path], dict[str, bytes]]:
    """Give every file below a folder by its path."""
    return lambda folder: {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture
def trained(folder: Path, keras_files: Path) -> Path:
    """Give the user's folder with the Keras files in it."""
    for path in keras_files.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder
