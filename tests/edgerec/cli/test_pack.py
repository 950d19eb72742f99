"""`edgerec pack` in the real runtime of this machine."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from converters.tables.float32_rows import Float32Rows
from converters.tables.scorer import scorer_file
from device_tests import bundle as bundle_format

pytestmark = pytest.mark.slow

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MINUTES = 300
INPUT = ("--input", "history=history,40")


@pytest.fixture
def project(tmp_path: Path, tiny_tflite: bytes) -> Path:
    """Give a folder with a .tflite, its vocabulary, and interactions of 20 users."""
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    (tmp_path / "items.txt").write_text("".join(f"i{item}\n" for item in range(40)))
    rows = [f"u{user},i{(7 * user + 3 * step) % 40},{1000 + step}" for user in range(20) for step in range(6)]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    return tmp_path


def test_a_file_and_its_vocabulary_become_a_bundle(edgerec: Edgerec, project: Path, tiny_tflite: bytes) -> None:
    done = edgerec("pack", "tiny.tflite", "--items", "items.txt", *INPUT, cwd=project)
    assert done.returncode == 0, done.stderr
    bundle = bundle_format.read(project / "tiny.edgerec")
    assert bundle.model == tiny_tflite
    assert bundle.item_ids[7] == "i7"
    (history,) = bundle.manifest.inputs
    assert (history.role, history.length, history.ids, history.padding_id) == ("history", 4, 41, 40)
    assert (bundle.manifest.precision, bundle.manifest.recipe, bundle.manifest.k) == ("float32", "given", 10)
    assert done.stdout.startswith("tiny.edgerec  ")


def test_with_data_and_the_float32_file_golden_outputs_are_replayed_and_check_can_prove_quality(
    edgerec: Edgerec, project: Path
) -> None:
    (project / "edgerec.toml").write_text(
        "[data]\npath = 'ratings.csv'\n[budget]\nrecall_kept = 0.99\ngolden = true\n"
        "[model]\npath = 'x.h5'\ninputs = { history = { role = 'history', padding_id = 40 } }\n"
    )
    packed = edgerec(
        "pack", "tiny.tflite", "--items", "items.txt", "--float32", "tiny.tflite", cwd=project, timeout=MINUTES
    )
    assert packed.returncode == 0, packed.stderr
    assert edgerec("check", "tiny.edgerec", cwd=project).returncode == 1
    assert edgerec("bench", "tiny.edgerec", "-o", "tiny.report.json", cwd=project, timeout=MINUTES).returncode == 0
    checked = edgerec("check", "tiny.edgerec", cwd=project)
    assert checked.returncode == 0, checked.stdout


def test_a_scorer_of_vectors_is_packed_measured_and_checked(edgerec: Edgerec, project: Path) -> None:
    random = np.random.default_rng(0)
    scorer = scorer_file(Float32Rows(random.normal(size=(40, 8)).astype(np.float32)))
    (project / "scorer.tflite").write_bytes(scorer)
    np.save(project / "vectors.npy", random.normal(size=(20, 8)).astype(np.float32))
    (project / "edgerec.toml").write_text(
        "[data]\npath = 'ratings.csv'\n[budget]\nrecall_kept = 0.99\ngolden = true\np50 = '1 s'\n"
        "[model]\npath = 'x.h5'\nitems = 'items.txt'\ninputs = { vector = 'vector' }\n"
    )
    refused = edgerec("pack", "scorer.tflite", cwd=project)
    assert (refused.returncode, "give --vectors FILE.npy" in refused.stderr) == (2, True)
    arguments = ("--vectors", "vectors.npy", "--float32", "scorer.tflite")
    packed = edgerec("pack", "scorer.tflite", *arguments, cwd=project, timeout=MINUTES)
    assert packed.returncode == 0, packed.stderr
    benched = edgerec("bench", "scorer.edgerec", "-o", "scorer.report.json", cwd=project, timeout=MINUTES)
    assert benched.returncode == 0, benched.stderr
    checked = edgerec("check", "scorer.edgerec", cwd=project)
    assert checked.returncode == 0, checked.stdout


def test_the_vocabulary_may_stand_in_edgerec_toml(edgerec: Edgerec, project: Path) -> None:
    lacking = edgerec("pack", "tiny.tflite", *INPUT, cwd=project)
    assert lacking.returncode == 2
    assert 'give --items, or write [model] items = "items.txt" in edgerec.toml' in lacking.stderr
    (project / "edgerec.toml").write_text("[model]\npath = 'x.h5'\nitems = 'items.txt'\n")
    packed = edgerec("pack", "tiny.tflite", *INPUT, cwd=project)
    assert packed.returncode == 0, packed.stderr
    assert bundle_format.read(project / "tiny.edgerec").item_ids[39] == "i39"


def test_a_file_that_answers_otherwise_than_float32_is_not_packed(
    edgerec: Edgerec, project: Path, tiny_model: object
) -> None:
    upside_down = type(tiny_model)(tiny_model.table, -tiny_model.dense)  # type: ignore[attr-defined]
    (project / "bad.tflite").write_bytes(upside_down.tflite())
    (project / "edgerec.toml").write_text("[data]\npath = 'ratings.csv'\n")
    arguments = ("--items", "items.txt", *INPUT, "--float32", "tiny.tflite")
    done = edgerec("pack", "bad.tflite", *arguments, cwd=project, timeout=MINUTES)
    assert done.returncode == 1
    assert "the file does not hold in tflite-runtime==2.14.0, so nothing was written" in done.stderr
    assert not (project / "bad.edgerec").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--items", "items.txt"), "the model's inputs are history; say the role of each"),
        (("--items", "items.txt", "--input", "histry=history,40"), "did you mean history?"),
        (("--items", "items.txt", "--input", "history=history"), "say it, such as --input history=history,40"),
        (("--items", "items.txt", "--input", "history"), "expected NAME=ROLE"),
        (("--items", "few.txt", *INPUT), "few.txt: cannot be read"),
        (("--items", "items.txt", *INPUT, "--k", "41"), "k is 41, expected 1 to 40"),
    ],
)
def test_what_does_not_belong_together_is_exit_code_2_and_nothing_is_written(
    edgerec: Edgerec, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = edgerec("pack", "tiny.tflite", *arguments, cwd=project)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (project / "tiny.edgerec").exists()
