"""`edgerec bench` with the real runtime of this machine, in its own environment."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from device_tests import report as report_format

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
