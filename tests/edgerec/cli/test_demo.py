"""`edgerec demo` as a user runs it: the real data, one epoch, one recipe beside float32, and what it suggests next."""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MINUTES = 600
QUICK = """float_overlap = 0.3
[[step]]
do = "prune"
sparsity = 0.5
epochs = 1

[convert]
precision = "dynamic_int8"
"""
HEADER = (
    "recipe",
    "on disk",
    "download",
    "ratio",
    "recall@10 (95 %)",
    "of float32's",
    "p50",
    "p95",
    "private",
    "verdict",
)


@pytest.mark.tensorflow
def test_the_demo_ends_in_a_table_and_a_bundle_that_check_holds_and_its_suggestions_work(
    edgerec: Edgerec, tmp_path: Path
) -> None:
    (tmp_path / "quick.toml").write_text(QUICK)
    arguments = ("demo", "--epochs", "1", "--recipe", "quick.toml")
    done = edgerec(*arguments, cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert all(line.startswith("[") for line in done.stderr.splitlines())

    lines = done.stdout.splitlines()
    (at,) = [index for index, line in enumerate(lines) if line.startswith("recipe ")]
    assert tuple(part.strip() for part in lines[at].split("  ") if part.strip()) == HEADER
    assert [line.split()[0] for line in lines[at + 1 : at + 3]] == ["float32", "quick"]
    assert all(line.endswith("  held") for line in lines[at + 1 : at + 3])
    assert "most popular 0.152, EASE 0.183, this GRU" in lines[1]
    assert "of which the harness itself takes" in done.stdout
    assert "bundle  demo/gru-quick.edgerec" in lines
    assert "report  demo/gru-quick.report.json" in lines
    assert max(map(len, lines)) <= 140

    # They are copied as they are printed, from where the user stands.
    suggested = lines[lines.index("Next:") + 1 :]
    assert [shlex.split(line)[3] for line in suggested] == ["check", "evaluate", "inspect"]
    for line in suggested:
        words = shlex.split(line)[3:]
        ran = edgerec(*words, cwd=tmp_path, timeout=MINUTES)
        assert ran.returncode == 0, ran.stderr + ran.stdout
    assert edgerec("check", cwd=tmp_path / "demo").returncode == 0

    # One recipe that cannot be carried out leaves the others their chance.
    among = ("demo", "--epochs", "1", "--recipe", "qat_int8", "--recipe", "quick.toml")
    again = edgerec(*among, "--json", cwd=tmp_path, timeout=MINUTES)
    assert again.returncode == 1, again.stderr
    assert "train" not in again.stderr
    assert "epoch" not in again.stderr
    told = json.loads(again.stdout)
    assert [one["recipe"] for one in told["results"]] == ["float32", "quick"]
    assert told["results"][1]["ratio"] > 4
    (failed,) = told["failed"]
    assert failed["recipe"] == "qat_int8"
    assert "no dense layer" in failed["why"]


def test_a_recipe_that_is_not_there_ends_it_before_anything_is_trained(edgerec: Edgerec, tmp_path: Path) -> None:
    done = edgerec("demo", "--recipe", "prune80_int", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean prune80_int8?" in done.stderr
    assert list(tmp_path.iterdir()) == []
