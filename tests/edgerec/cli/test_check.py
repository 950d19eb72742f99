import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import bundle as bundle_format
from device_tests import report as report_format
from device_tests.report import DeviceReport

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MakeReport = Callable[..., DeviceReport]


@pytest.fixture
def project(tmp_path: Path, tiny_members: dict[str, bytes]) -> Path:
    """Give a folder with a bundle and an edgerec.toml whose budget it holds."""
    (tmp_path / "demo").mkdir()
    bundle_format.write(tmp_path / "demo/tiny.edgerec", tiny_members)
    write_budget(tmp_path, 'app_bytes = "8 KiB"')
    return tmp_path


def write_budget(project: Path, *lines: str) -> None:
    budget = "\n".join(lines)
    (project / "edgerec.toml").write_text(f'[[bundle]]\npath = "demo/tiny.edgerec"\n\n[budget]\n{budget}\n')


def test_a_budget_that_holds_is_exit_code_0(edgerec: Edgerec, project: Path) -> None:
    done = edgerec("check", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "demo/tiny.edgerec" in done.stdout
    assert "held: 2 of 2 checks" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_limit_lowered_below_the_measured_size_is_exit_code_1_and_names_the_largest_tensors(
    edgerec: Edgerec, project: Path
) -> None:
    write_budget(project, "flex = false", 'app_bytes = "2 KiB"')
    done = edgerec("check", cwd=project)
    assert (done.returncode, done.stderr) == (1, "")
    assert "over the limit of 2.0 KiB" in done.stdout
    assert "table  FLOAT32  [41, 8]" in done.stdout
    assert "or change the limit: edgerec.toml:6" in done.stdout


def test_without_a_report_it_is_exit_code_1_and_says_the_line_that_proves_it(edgerec: Edgerec, project: Path) -> None:
    write_budget(project, 'p50 = "2 ms"', "recall_at_10 = 0.2")
    done = edgerec("check", cwd=project)
    assert done.returncode == 1
    assert "unproven: p50 at most 2.0 ms: no report of this bundle" in done.stdout
    assert " bench demo/tiny.edgerec --target local -o demo/tiny.report.json" in done.stdout


def test_a_report_beside_the_bundle_proves_it(edgerec: Edgerec, project: Path, report_of: MakeReport) -> None:
    write_budget(project, 'p50 = "2 ms"', 'recall_kept = "98 %"')
    bundle = bundle_format.read(project / "demo/tiny.edgerec")
    report_format.write(project / "demo/tiny.report.json", report_of(bundle))
    done = edgerec("check", cwd=project)
    assert done.returncode == 0, done.stdout
    assert "demo/tiny.report.json (measured)" in done.stdout


def test_default_floors_are_checked_from_the_file_and_by_flag_and_what_proves_nothing_is_exit_code_1(
    edgerec: Edgerec, project: Path, report_of: MakeReport
) -> None:
    bundle = bundle_format.read(project / "demo/tiny.edgerec")
    report_format.write(project / "demo/tiny.report.json", report_of(bundle))
    write_budget(project, 'floors = "default"')
    from_file = edgerec("check", cwd=project)
    assert (from_file.returncode, from_file.stderr) == (1, "")
    assert "100.0 % (100.0-100.0)" in from_file.stdout
    assert (
        "unproven: candidates_kept_at_10 unpopular half at least 95.0 %: the bundle has no candid" in from_file.stdout
    )
    write_budget(project, 'app_bytes = "8 KiB"')
    flags = ("--limit", "floors=default", "--limit", "strict=true", "--json")
    by_flag = json.loads(edgerec("check", *flags, cwd=project).stdout)
    kept = {one["name"]: one for one in by_flag["verdicts"][0]["checks"] if "_kept" in one["name"]}
    assert {one["where"] for one in kept.values()} == {"--limit"}
    assert (kept["recall_kept_at_20"]["state"], kept["recall_kept_at_20"]["interval"]) == ("held", [1, 1])
    assert all(one["strict"] for one in kept.values())


def test_contradicting_limits_are_exit_code_2(edgerec: Edgerec, project: Path) -> None:
    done = edgerec("check", "--limit", "p50=2 ms", "--limit", "p50=3 ms", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--limit p50=2 ms and --limit p50=3 ms contradict each other" in done.stderr


def test_flags_win_over_the_file_and_json_is_complete(edgerec: Edgerec, project: Path) -> None:
    done = edgerec(
        "check", "demo/tiny.edgerec", "--limit", "app_bytes=2000", "--limit", "p50=2 ms", "--json", cwd=project
    )
    assert done.returncode == 1
    value = json.loads(done.stdout)
    assert value["held"] is False
    held = {check["name"]: check["held"] for check in value["verdicts"][0]["checks"]}
    assert held == {"signature": True, "app_bytes": False, "p50": None}


def test_one_run_writes_every_file_beside_its_text(edgerec: Edgerec, project: Path) -> None:
    write_budget(project, 'app_bytes = "2 KiB"')
    formats = ("json", "markdown", "junit", "sarif", "github")
    done = edgerec("check", *(part for name in formats for part in ("-o", f"{name}=out/{name}")), cwd=project)
    assert done.returncode == 1
    assert "over the limit of 2.0 KiB" in done.stdout
    assert all("app" in (project / "out" / name).read_text(encoding="utf-8") for name in formats)
    assert (project / "out/json").read_text() == edgerec("check", "--json", cwd=project).stdout


def test_what_cannot_be_checked_is_said_in_the_files_too(edgerec: Edgerec, project: Path) -> None:
    write_budget(project, "p50 = 2")
    done = edgerec("check", "-o", "markdown=comment.md", "-o", "json=verdict.json", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    value = json.loads((project / "verdict.json").read_text())
    assert (value["held"], value["verdicts"]) == (False, [])
    assert value["refusal"].startswith("edgerec.toml:5: p50 is 2, expected a duration")
    assert "expected a duration" in (project / "comment.md").read_text(encoding="utf-8")


def test_a_bare_tflite_needs_no_config(edgerec: Edgerec, tmp_path: Path, tiny_tflite: bytes) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    assert edgerec("check", "tiny.tflite", "--limit", "oldest_runtime=2.14.0", cwd=tmp_path).returncode == 0
    assert edgerec("check", "tiny.tflite", "--limit", "app_bytes=1 KiB", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "error: nothing to check"),
        (("gone.edgerec", "--limit", "flex=false"), "error: gone.edgerec: cannot be read: No such file"),
        (("broken.edgerec", "--limit", "flex=false"), "error: broken.edgerec"),
        (("text.tflite", "--limit", "flex=false"), "expected a bundle (PK) or a .tflite"),
        (("text.tflite",), "error: text.tflite has no budget to hold"),
        (("text.tflite", "--limit", "flex"), "expected NAME=VALUE"),
        (("text.tflite", "--limit", "p50=2"), "--limit: p50 is 2, expected a duration"),
        (("text.tflite", "--limit", "app_byte=1"), "limit app_byte is not known (did you mean app_bytes?)"),
        (("--config", "other.toml"), "error: other.toml: cannot be read"),
    ],
)
def test_bad_input_is_exit_code_2_and_one_sentence(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path, arguments: tuple[str, ...], message: str
) -> None:
    damaged = bytearray(tiny_bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "broken.edgerec").write_bytes(damaged)
    (tmp_path / "text.tflite").write_text("not a model")
    done = edgerec("check", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_in_the_config_names_its_line(edgerec: Edgerec, project: Path) -> None:
    write_budget(project, 'app_bytes = "8 KiB"', "p50 = 2")
    done = edgerec("check", cwd=project)
    assert done.returncode == 2
    assert done.stderr == (
        'error: edgerec.toml:6: p50 is 2, expected a duration with its unit such as "2 ms" or "850 us".\n'
    )
