import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Edgerec = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    for part in ("cache", "harness"):
        (home / part).mkdir(parents=True)
        (home / part / "file").write_bytes(b"x" * 3000)
    monkeypatch.setenv("EDGEREC_HOME", str(home))
    return home


def test_it_shows_what_is_installed_and_what_is_kept(edgerec: Edgerec, home: Path, tmp_path: Path) -> None:
    done = edgerec("doctor", cwd=tmp_path)
    assert done.returncode == 0
    assert f"kept in {home}" in done.stdout
    assert "tflite-runtime==2.14.0" in done.stdout
    value = json.loads(edgerec("doctor", "--json", cwd=tmp_path).stdout)
    assert value["parts"] == {
        "environments": 0,
        "capsules": 0,
        "boards": 0,
        "emulator": 0,
        "cache": 3000,
        "harness": 3000,
        "searches": 0,
        "loops": 0,
    }
    assert value["light"]["click"]
    assert value["freed_bytes"] is None


def test_it_empties_one_part_or_all(edgerec: Edgerec, home: Path, tmp_path: Path) -> None:
    assert edgerec("doctor", "--clean", "cache", cwd=tmp_path).stdout == f"freed 2.9 KiB in {home}\n"
    assert not (home / "cache" / "file").exists()
    assert (home / "harness" / "file").exists()
    edgerec("doctor", "--clean", cwd=tmp_path)
    assert not (home / "harness" / "file").exists()


def test_parts_without_clean_and_unknown_parts_empty_nothing(edgerec: Edgerec, home: Path, tmp_path: Path) -> None:
    assert edgerec("doctor", "cache", cwd=tmp_path).returncode == 2
    assert edgerec("doctor", "--clean", "everything", cwd=tmp_path).returncode == 2
    assert (home / "cache" / "file").exists()
