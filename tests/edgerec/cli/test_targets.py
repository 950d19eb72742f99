"""`edgerec targets`, and the harness that it writes run as whoever has a board runs it."""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import report as report_format
from edgerec.targets import environment
from edgerec.targets.capsules import archive

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
ALONE = {"PATH": os.environ["PATH"]}  # nothing of edgerec's: a board has none of it


def test_this_machine_and_its_runtimes_are_listed(edgerec: Edgerec, tmp_path: Path) -> None:
    done = edgerec("targets", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("local  this machine: ")
    value = json.loads(edgerec("targets", "--json", cwd=tmp_path).stdout)
    (local,) = value["targets"]
    assert [one["name"] for one in local["runtimes"]] == [str(pin) for pin in environment.known()]
    assert [one["name"] for one in local["runtimes"] if one["default"]] == [str(environment.DEFAULT)]


def test_named_targets_and_how_others_are_named_are_listed(edgerec: Edgerec, tmp_path: Path) -> None:
    (tmp_path / "edgerec.toml").write_text(
        "[target.desk]\naddress = 'local'\n[target.lost]\naddress = 'local'\nruntime = 'tflite-runtime==1.0'\n"
    )
    done = edgerec("targets", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"desk  local, {environment.DEFAULT}: ready" in done.stdout
    assert "lost  local, tflite-runtime==1.0: not ready: The runtime 'tflite-runtime==1.0'" in done.stdout
    value = json.loads(edgerec("targets", "--json", cwd=tmp_path).stdout)
    assert [(one["name"], one["hindrance"] is None) for one in value["named"]] == [("desk", True), ("lost", False)]
    assert "local" in [one["name"] for one in value["schemes"]]


def test_a_runtime_is_made_ready_by_name(edgerec: Edgerec, tmp_path: Path) -> None:
    python = environment.python_for(environment.DEFAULT)
    done = edgerec("targets", "install", environment.DEFAULT, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"runtime": str(environment.DEFAULT), "environment": str(python.parent.parent)}
    unknown = edgerec("targets", "install", "tflite-runtime", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "did you mean tflite-runtime==2.14.0?" in unknown.stderr


def test_a_runtime_that_is_not_made_yet_says_so(
    edgerec: Edgerec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "empty"))
    assert (
        f"{environment.DEFAULT} (default)  not made yet, will be on first use"
        in edgerec("targets", cwd=tmp_path).stdout
    )
    assert not (tmp_path / "empty").exists()


def test_the_written_harness_measures_a_bundle_with_nothing_but_a_runtimes_python(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path
) -> None:
    done = edgerec("targets", "harness", "-o", "board/harness.pyz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("board/harness.pyz: ")
    python = environment.python_for(environment.DEFAULT)
    arguments = [tiny_bundle, "--report", "out.json", "--calls", "5"]
    measured = subprocess.run(
        [python, "-I", "board/harness.pyz", *map(str, arguments)],
        cwd=tmp_path,
        env=ALONE,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert measured.returncode == 0, measured.stderr
    report = report_format.read(tmp_path / "out.json")
    assert report.golden is not None
    assert report.golden.held
    checked = edgerec("check", tiny_bundle.name, "--report", "out.json", "--limit", "recall_kept=1", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_the_same_sources_give_the_same_harness(edgerec: Edgerec, tmp_path: Path) -> None:
    for name in ("a.pyz", "b.pyz"):
        told = json.loads(edgerec("targets", "harness", "-o", name, "--json", cwd=tmp_path).stdout)
        assert told == {"file": name, "bytes": (tmp_path / name).stat().st_size}
    assert (tmp_path / "a.pyz").read_bytes() == (tmp_path / "b.pyz").read_bytes()


def test_a_harness_that_cannot_be_written_is_exit_code_2(edgerec: Edgerec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = edgerec("targets", "harness", "-o", "file/harness.pyz", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: file/harness.pyz cannot be written")
    assert done.stderr.count("\n") == 1


def test_a_capsule_is_taken_from_an_archive_and_written_as_the_same_again(
    edgerec: Edgerec, tmp_path: Path, write_capsule: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    write_capsule(tmp_path / "built")
    archive.write(tmp_path / "built", tmp_path / "capsule.tar")
    asked = ("targets", "build-capsule", "aarch64", "--runtime", environment.PREFERRED)
    done = edgerec(*asked, "--from", "capsule.tar", "-o", "again.tar", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert (value["architecture"], value["runtime"]) == ("aarch64", str(environment.PREFERRED))
    assert value["digest"] == hashlib.sha256((Path(value["folder"]) / "manifest.json").read_bytes()).hexdigest()
    assert value["bytes"] == sum(path.stat().st_size for path in (tmp_path / "built").rglob("*") if path.is_file())
    assert (tmp_path / "again.tar").read_bytes() == (tmp_path / "capsule.tar").read_bytes()
    kept = edgerec(*asked, cwd=tmp_path)
    assert kept.stdout.startswith(f"aarch64 capsule of {environment.PREFERRED}: ")


def test_a_capsule_with_one_flipped_byte_is_exit_code_2_and_leaves_nothing(
    edgerec: Edgerec, tmp_path: Path, write_capsule: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    write_capsule(tmp_path / "built")
    archive.write(tmp_path / "built", tmp_path / "capsule.tar")
    data = bytearray((tmp_path / "capsule.tar").read_bytes())
    data[512] ^= 1
    (tmp_path / "capsule.tar").write_bytes(data)
    done = edgerec("targets", "build-capsule", "aarch64", "--from", "capsule.tar", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: capsule.tar is damaged: bin/python3.11 is ")
    assert done.stderr.count("\n") == 1
    assert [path for path in (tmp_path / "home/capsules").iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("arm64",), "There is no capsule for 'arm64'"),
        (("armv7", "--runtime", "ai-edge-litert==2.3.0"), "has no wheel for armv7; use tflite-runtime==2.14.0."),
        (("armv7", "--mirror", "file:/m", "--from", "x.tar"), "give one of the two"),
        (("armv7", "--from", "x.tar"), "x.tar is not a capsule: "),
    ],
)
def test_what_no_capsule_can_be_made_of_is_a_sentence_and_exit_code_2(
    words: tuple[str, ...], said: str, edgerec: Edgerec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    done = edgerec("targets", "build-capsule", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
