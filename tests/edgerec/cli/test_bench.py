"""`edgerec bench` with the real runtime of this machine, in its own environment."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from device_tests import report as report_format

pytestmark = pytest.mark.slow

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MINUTES = 300


def test_a_bundle_is_measured_and_check_takes_the_report_as_proof(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path
) -> None:
    done = edgerec("bench", tiny_bundle.name, "--calls", 20, "-o", "tiny.report.json", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    for line in (
        "golden",
        "recall@10",
        "p95",
        "harness adds",
        "private, this process alone",
        "report: tiny.report.json",
    ):
        assert line in done.stdout
    assert "s] latency\n" in done.stderr
    report = report_format.read(tmp_path / "tiny.report.json")
    assert report.golden is not None
    assert report.golden.held
    assert report.latency is not None
    assert len(report.latency.warm_ns) == 20
    limits = (
        "--limit",
        "p50=1 s",
        "--limit",
        "recall_kept=1",
        "--limit",
        "golden=true",
        "--limit",
        "private_bytes=1 GiB",
    )
    checked = edgerec("check", tiny_bundle.name, *limits, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_golden_outputs_that_do_not_hold_are_exit_code_1_and_the_report_is_kept(
    edgerec: Edgerec, tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]], tiny_model: object
) -> None:
    from device_tests import bundle as bundle_format

    upside_down = type(tiny_model)(tiny_model.table, -tiny_model.dense)  # type: ignore[attr-defined]
    bundle_format.write(tmp_path / "bad.edgerec", rebuilt({bundle_format.MODEL: upside_down.tflite()}))
    done = edgerec(
        "bench", "bad.edgerec", "--only", "golden", "-o", "bad.json", "--json", cwd=tmp_path, timeout=MINUTES
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["golden"]["held"] is False
    checked = edgerec("check", "bad.edgerec", "--report", "bad.json", "--limit", "app_bytes=1 MiB", cwd=tmp_path)
    assert checked.returncode == 1
    assert "missed: golden" in checked.stdout


def test_a_bare_tflite_is_measured_with_ids_that_its_table_has(
    edgerec: Edgerec, tmp_path: Path, tiny_tflite: bytes
) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    done = edgerec("bench", "tiny.tflite", "--calls", 5, "--json", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["golden"] is None
    assert value["latency"]["calls"] == 5


def test_what_cannot_be_measured_is_exit_code_2(edgerec: Edgerec, tmp_path: Path, tiny_tflite: bytes) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    for arguments in (("gone.edgerec",), ("tiny.tflite", "--runtime", "tflite-runtime==9.9.9")):
        done = edgerec("bench", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")


def test_a_benchmark_model_of_the_users_stands_beside_the_harness(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path
) -> None:
    native = tmp_path / "benchmark_model"
    times = "Inference timings in us: Init: 10, First inference: 20, Warmup (avg): 30.5, Inference (avg): 40.25"
    native.write_text(f'#!/bin/sh\ntest -s "${{1#--graph=}}" && echo "$2 $3" >> asked && echo "{times}"\n')
    asked = ("bench", tiny_bundle.name, "--only", "latency", "--calls", 20, "--native", native)
    done = edgerec(*asked, cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert "40.2 us (mean)" in done.stdout
    assert (tmp_path / "asked").read_text() == "--num_threads=1 --num_runs=20\n"
    assert json.loads(edgerec(*asked, "--json", cwd=tmp_path).stdout)["native"]["average_ns"] == 40_250
    nowhere = edgerec(*asked[:-1], "nowhere", cwd=tmp_path)
    assert nowhere.returncode == 2
    assert "no benchmark_model at nowhere" in nowhere.stderr


@pytest.mark.slow
def test_load_is_timed_in_fresh_processes_and_calls_with_several_numbers_of_threads(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path
) -> None:
    asked = ("bench", tiny_bundle.name, "--only", "latency", "--calls", 20, "--starts", 3, "--threads", "1,2")
    done = edgerec(*asked, "--ids", "zipf", "-o", "r.json", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    report = report_format.read(tmp_path / "r.json")
    assert report.latency is not None
    assert len(report.latency.starts) == 3
    assert [one.threads for one in (report.latency, *report.more_threads)] == [1, 2]
    assert {len(one.warm_ns) for one in (report.latency, *report.more_threads)} == {20}
    assert report.latency.ids == report.more_threads[0].ids == "zipf"
    assert "3 fresh processes" in done.stdout


def test_a_trace_is_what_calls_are_made_with(edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path) -> None:
    (tmp_path / "trace.txt").write_text("0 1 2 3\n4 5 6 40\n")
    asked = ("bench", tiny_bundle.name, "--only", "latency", "--calls", 20, "--starts", 1, "--ids", "trace")
    done = edgerec(*asked, "--trace", "trace.txt", "--json", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["latency"]["ids"] == "trace"
    (tmp_path / "trace.txt").write_text("0 1 2 41\n")
    done = edgerec(*asked, "--trace", "trace.txt", cwd=tmp_path, timeout=MINUTES)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "error: input 'history' was given id 41, where the model takes 0 to 40",
    )


@pytest.mark.slow
def test_two_bundles_are_timed_in_turns(edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path) -> None:
    asked = ("bench", tiny_bundle.name, "--against", tiny_bundle.name, "--calls", 20, "--processes", 5)
    done = edgerec(*asked, "--json", "-o", "ab.json", cwd=tmp_path, timeout=MINUTES)
    value = json.loads(done.stdout)
    assert value == json.loads((tmp_path / "ab.json").read_text())
    assert [len(calls) for calls in value["new"]["calls_ns"]] == [20] * 5
    assert done.returncode == (value["outcome"] == "slower")
    assert value["old"]["model_sha256"] == value["new"]["model_sha256"]


def test_options_that_do_not_go_together_are_refused(edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path) -> None:
    for arguments, said in (
        (("--threads", "0"), "should read 1 or 1,2,4, not '0'"),
        (("--threads", "2,2"), "names a number twice"),
        (("--ids", "trace"), "a trace needs both --ids trace and --trace FILE"),
        (("--against", "gone.edgerec"), "gone.edgerec"),
        (("--native", "x", "--target", "local", "--target", "adb:1"), "--native is for one target"),
        (("--against", tiny_bundle.name, "--matrix"), "--against is for one target"),
    ):
        done = edgerec("bench", tiny_bundle.name, "--only", "latency", *arguments, cwd=tmp_path, timeout=MINUTES)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr
