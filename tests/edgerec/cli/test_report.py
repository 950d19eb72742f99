"""`edgerec report` as it is called: the page, its JSON, and what is refused in one sentence."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import report as report_format
from device_tests.bundle import decode, encode
from device_tests.report import DeviceReport

Edgerec = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def measured(tiny_bundle: Path, tiny_members: dict[str, bytes], report_of: Callable[..., DeviceReport]) -> Path:
    report_format.write(tiny_bundle.with_name("tiny.report.json"), report_of(decode(encode(tiny_members))))
    return tiny_bundle


def test_bundles_become_one_page(edgerec: Edgerec, measured: Path, tmp_path: Path) -> None:
    done = edgerec("report", measured.name, "-o", "page.html", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("page.html: 1 file, ")
    assert "tiny.report.json" in done.stdout
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_what_is_not_measured_is_told_with_the_command(edgerec: Edgerec, tiny_bundle: Path, tmp_path: Path) -> None:
    done = edgerec("report", tiny_bundle.name, cwd=tmp_path)
    assert "not measured: " in done.stdout
    assert "bench tiny.edgerec --target local -o tiny.report.json" in done.stdout


def test_without_a_name_they_are_those_of_the_budget_file(edgerec: Edgerec, measured: Path, tmp_path: Path) -> None:
    (tmp_path / "edgerec.toml").write_text('[[bundle]]\npath = "tiny.edgerec"\nreports = ["proof.json"]\n')
    measured.with_name("tiny.report.json").rename(tmp_path / "proof.json")
    done = edgerec("report", "--json", "--baseline", measured.name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert value["page_bytes"] == (tmp_path / "report.html").stat().st_size
    assert value["files"][0]["reports"] == {"A1": "proof.json"}
    assert value["files"][0]["bench"] is None
    assert (value["baseline"], value["files"][0]["changes"]) == ("A", [])


def test_bad_input_is_one_sentence_and_leaves_no_page(edgerec: Edgerec, measured: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{}")
    before = measured.read_bytes()
    for arguments in (
        (),
        ("gone.edgerec",),
        (measured.name, "--report", "bad.json"),
        (measured.name, "--baseline", "bad.json"),
        (measured.name, "-o", measured.name),
        (measured.name, "-o", "no/such/folder/page.html"),
    ):
        done = edgerec("report", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), arguments
        assert done.stderr.startswith("error: ")
        assert not (tmp_path / "report.html").exists()
    assert measured.read_bytes() == before


def test_without_the_library_that_draws_it_says_how_to_get_it(
    edgerec: Edgerec, measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    done = edgerec("report", measured.name, cwd=tmp_path)
    assert done.returncode == 2
    assert 'pip install "edgerec[report]"' in done.stderr
