import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
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
    told = json.loads((project / "out/json").read_text())
    assert told["verdicts"][0]["where"] == "edgerec.toml:2"
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


BASELINE = '[policy]\nbaseline = "ci/baseline.json"\nthreshold = "0.5 %"\n'


def held_to_baseline(project: Path, limit: str) -> None:
    write_budget(project, f"app_bytes = {limit}", "flex = false", "[budget.tensors]", '"table" = "+2 %"')
    with (project / "edgerec.toml").open("a") as file:
        file.write(BASELINE)
    (project / "ci").mkdir(exist_ok=True)


def test_a_baseline_is_made_held_to_and_rises_only_where_that_is_said(
    edgerec: Edgerec, project: Path, rebuilt: Callable[..., dict[str, bytes]], tiny_model: Any
) -> None:
    held_to_baseline(project, '"ratchet"')
    unproven = edgerec("check", cwd=project)
    assert unproven.returncode == 1
    assert "app_bytes (no worse than the baseline): the baseline has no figure of it" in unproven.stdout
    assert "--update-baseline" in unproven.stdout

    made = edgerec("check", "--update-baseline", cwd=project)
    assert made.returncode == 0, made.stdout
    assert "baseline: ../demo/tiny.edgerec app_bytes 4.2 KiB" in made.stderr
    first = (project / "ci/baseline.json").read_bytes()
    again = edgerec("check", "--update-baseline", cwd=project)
    assert (again.returncode, again.stderr) == (0, "the baseline is as it was\n")
    assert (project / "ci/baseline.json").read_bytes() == first

    table = np.concatenate([tiny_model.table, tiny_model.table[:2]])
    larger = rebuilt({bundle_format.MODEL: replace(tiny_model, table=table).tflite()})
    bundle_format.write(project / "demo/tiny.edgerec", larger)
    grown = edgerec("check", "--update-baseline", cwd=project)
    assert grown.returncode == 1
    assert (project / "ci/baseline.json").read_bytes() == first, "a ratchet never rises by itself"
    assert "(+2 % on the baseline's 1.3 KiB)" in grown.stdout
    assert "or change the limit: edgerec.toml:8" in grown.stdout

    accepted = edgerec("check", "--update-baseline", "--allow-growth", "--json", cwd=project)
    assert accepted.returncode == 0
    assert json.loads(accepted.stdout)["held"] is True
    assert "app_bytes 4.2 KiB -> 4.3 KiB" in accepted.stderr
    assert (project / "ci/baseline.json").read_bytes() != first


def test_a_bundle_that_may_not_ship_is_no_baseline(edgerec: Edgerec, project: Path) -> None:
    held_to_baseline(project, '["1 KiB", "ratchet"]')
    done = edgerec("check", "--update-baseline", cwd=project)
    assert (done.returncode, done.stderr) == (1, "the baseline is as it was\n")
    assert not (project / "ci/baseline.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--limit", "app_bytes=+2 %"), "--limit: app_bytes is +2 %, relative to no baseline: write baseline ="),
        (("--update-baseline",), "there is no baseline to update: write baseline ="),
        (("--allow-growth",), "--allow-growth is for --update-baseline"),
        (("--baseline", "broken.json"), "broken.json is not JSON"),
        (("--baseline", "demo"), "cannot read demo"),
    ],
)
def test_what_cannot_be_relative_to_a_baseline_is_exit_code_2(
    edgerec: Edgerec, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    (project / "broken.json").write_text("{")
    done = edgerec("check", *arguments, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
