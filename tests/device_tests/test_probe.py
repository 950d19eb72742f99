"""A runtime is asked in processes of their own: whatever becomes of one, it is an answer and the next one is asked."""

import json
import os
import signal
import time
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

import converters
from device_tests import probe
from device_tests.errors import ModelError

PROBES = Path(converters.__file__).parent / "probes" / "probes.zip"

# Python 3.12 warns of any fork beside threads; the child here only runs what it is given.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def killed() -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def refused() -> NoReturn:
    raise ValueError("first line\n second line")


def left() -> bytes:
    os._exit(3)


@pytest.mark.parametrize(
    ("work", "outcome"),
    [
        (lambda: b"", ("right", "")),
        (lambda: b"off by 9", ("wrong", "off by 9")),
        (lambda: b'{"ADD": [1]}', ("right", '{"ADD": [1]}')),
        (lambda: b"{" + b"x" * 1_000_000, ("right", "{" + "x" * 1_000_000)),
        (refused, ("refused", "first line; second line")),
        (killed, ("died", "SIGSEGV")),
        (left, ("died", "exit code 3")),
    ],
)
def test_how_a_child_ends_is_its_answer(work: Any, outcome: tuple[str, str]) -> None:
    assert probe._in_child(work) == outcome


def test_a_child_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_TIME_LIMIT_S", 1)
    assert probe._in_child(lambda: time.sleep(60) or b"") == ("died", "SIGALRM")


def test_what_a_child_says_on_stderr_is_not_heard(capfd: pytest.CaptureFixture[str]) -> None:
    probe._in_child(lambda: b"x" * os.write(2, b"noise"))
    assert capfd.readouterr() == ("", "")


def small(path: Path, keep: int) -> Path:
    """Write the archive with one of its probes, and three of the ops to ask for."""
    with zipfile.ZipFile(PROBES) as archive, zipfile.ZipFile(path, "w") as made:
        index = json.loads(archive.read("index.json"))
        index["probes"] = [index["probes"][keep]]
        for name in archive.namelist():
            made.writestr(
                name, json.dumps(index | {"asked_versions": 2}) if name == "index.json" else archive.read(name)
            )
    return path


def test_a_runtime_is_asked_for_versions_and_weights(tmp_path: Path) -> None:
    phases: list[str] = []
    said = probe.probe(small(tmp_path / "p.zip", 1), None, phases.append)
    assert said["ops"]["FULLY_CONNECTED"] == [1, 2]
    assert "CONCAT_EMBEDDINGS" not in said["ops"]
    assert said["answers"] == [(0, kernels, version, "right", "") for version in (1, 2) for kernels in probe.KERNELS]
    assert phases == ["op versions", "FULLY_CONNECTED 1 of 1"]
    assert said["asked_versions"] == 2


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match=r"p\.zip is no archive of probes"):
        probe.probe(tmp_path / "p.zip", None, print)
