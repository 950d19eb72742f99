"""The harness as one file."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import resources
from pathlib import Path

import pytest

import device_tests
from edgerec.targets import zipapp

SOURCES = Path(device_tests.__file__).parent


def test_it_holds_the_sources_of_the_harness_and_a_start(tmp_path: Path) -> None:
    with zipfile.ZipFile(zipapp.write_harness(tmp_path / "harness.pyz")) as archive:
        names = set(archive.namelist())
        assert archive.read("device_tests/report.py") == (SOURCES / "report.py").read_bytes()
    assert names == {"__main__.py"} | {f"device_tests/{path.name}" for path in SOURCES.glob("*.py")}


def test_the_same_sources_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = zipapp.harness_bytes()
    copy = tmp_path / "device_tests"
    shutil.copytree(SOURCES, copy)
    for path in copy.iterdir():
        os.utime(path, (1, 1))
    monkeypatch.setattr(resources, "files", lambda _: copy)
    assert zipapp.harness_bytes() == first
    (copy / "report.py").write_bytes(b"# other\n")
    assert zipapp.harness_bytes() != first


def test_it_starts_by_itself_and_sees_nothing_of_the_host(tmp_path: Path) -> None:
    harness = zipapp.write_harness(tmp_path / "harness.pyz")
    assert os.access(harness, os.X_OK)
    told = subprocess.run([sys.executable, "-I", harness, "--help"], capture_output=True, text=True, check=True)
    assert "--report" in told.stdout


def test_a_mistake_in_its_arguments_ends_with_2(tmp_path: Path) -> None:
    harness = zipapp.write_harness(tmp_path / "harness.pyz")
    ended = subprocess.run([sys.executable, "-I", harness], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")


def test_the_kept_one_is_named_by_its_content_and_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path))
    harness = zipapp.kept_harness()
    assert harness.parent.name == hashlib.sha256(harness.read_bytes()).hexdigest()[:16]
    written = harness.stat().st_mtime_ns
    assert zipapp.kept_harness() == harness
    assert harness.stat().st_mtime_ns == written
