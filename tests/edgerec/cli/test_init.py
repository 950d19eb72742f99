import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device_tests import bundle as bundle_format
from device_tests import report as report_format
from device_tests.report import DeviceReport

Edgerec = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path, tiny_members: dict[str, bytes], report_of: Callable[..., DeviceReport]) -> Path:
    (tmp_path / "demo").mkdir()
    bundle = bundle_format.write(tmp_path / "demo/tiny.edgerec", tiny_members)
    report_format.write(tmp_path / "demo/tiny.report.json", report_of(bundle))
    return tmp_path


def test_the_budget_of_a_bundle_is_written_printed_and_held(edgerec: Edgerec, project: Path) -> None:
    done = edgerec("init", "--budget-from", "demo/tiny.edgerec", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (project / "edgerec.toml").read_text()
    assert 'reports = ["demo/tiny.report.json"]' in done.stdout
    checked = edgerec("check", cwd=project)
    assert checked.returncode == 0, checked.stdout


def test_it_is_written_from_the_folder_of_the_file_and_told_as_json(edgerec: Edgerec, project: Path) -> None:
    (project / "ci").mkdir()
    arguments = ("--budget-from", "demo/tiny.edgerec", "--margin", "10 %", "-o", "ci/edgerec.toml", "--json")
    done = edgerec("init", *arguments, cwd=project)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["file"] == "ci/edgerec.toml"
    assert {"name": "flex", "amount": False, "today": False} in told["limits"]
    assert 'path = "../demo/tiny.edgerec"' in (project / "ci/edgerec.toml").read_text()
    assert edgerec("check", "--config", "ci/edgerec.toml", cwd=project).returncode == 0


def test_a_file_that_is_there_stays_as_it_is(edgerec: Edgerec, project: Path) -> None:
    (project / "edgerec.toml").write_text("# mine\n")
    done = edgerec("init", "--budget-from", "demo/tiny.edgerec", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: edgerec.toml is there already and stays as it is")
    assert (project / "edgerec.toml").read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing option '--budget-from'"),
        (("--budget-from", "gone.edgerec"), "gone.edgerec: cannot be read"),
        (("--budget-from", "demo/tiny.edgerec", "--margin", "5"), "'5', expected a share from 0 to 1"),
        (("--budget-from", "demo/tiny.edgerec", "--report", "other.json"), "other.json is of another build than demo"),
    ],
)
def test_bad_input_is_exit_code_2_and_writes_nothing(
    edgerec: Edgerec, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    report = report_format.read(project / "demo/tiny.report.json")
    report_format.write(project / "other.json", replace(report, bundle_sha256="0" * 64))
    done = edgerec("init", *arguments, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not (project / "edgerec.toml").exists()
