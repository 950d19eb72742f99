"""`edgerec convert` as a user runs it: a Keras file becomes a .tflite that the named runtime loads."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MINUTES = 300


def test_a_model_becomes_a_tflite_that_its_runtime_runs(edgerec: Edgerec, trained: Path) -> None:
    done = edgerec("convert", "tiny.keras", cwd=trained, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tiny-float32.tflite: ")
    assert done.stdout.endswith("for tflite-runtime==2.14.0\n")
    measured = edgerec("bench", "tiny-float32.tflite", "--calls", 5, cwd=trained, timeout=MINUTES)
    assert measured.returncode == 0, measured.stderr
    checked = edgerec("check", "tiny-float32.tflite", "--limit", "oldest_runtime=2.14.0", cwd=trained)
    assert checked.returncode == 0, checked.stdout


def test_a_model_with_dropout_is_converted_in_a_process_that_trains_nothing(edgerec: Edgerec, trained: Path) -> None:
    done = edgerec("convert", "dropout.keras", cwd=trained, timeout=MINUTES)
    assert done.returncode == 0, done.stderr.splitlines()[-1]


def test_a_precision_that_needs_ranges_takes_them_from_data(edgerec: Edgerec, trained: Path) -> None:
    lacking = edgerec("convert", "tiny.keras", "--precision", "full_int8", cwd=trained, timeout=MINUTES)
    assert lacking.returncode == 2
    assert "no data: give --data FILE.csv" in lacking.stderr
    arguments = ("--precision", "full_int8", "--data", "ratings.csv", "-o", "small.tflite", "--json")
    (trained / "items.txt").write_text("".join(f"i{item:02}\n" for item in range(39)))
    other = edgerec("convert", "tiny.h5", *arguments, "--items", "items.txt", cwd=trained, timeout=MINUTES)
    assert (other.returncode, "such as 'i39', are not among the model's 39" in other.stderr) == (2, True)
    done = edgerec("convert", "tiny.h5", *arguments, cwd=trained, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (guessed,) = told.pop("warnings")
    assert guessed.startswith(
        "history 'history' has a table of 41 rows for 40 items, so id 40 is taken for its padding"
    )
    assert f"warning: {guessed}" in done.stderr.splitlines()
    assert told == {
        "file": "small.tflite",
        "bytes": (trained / "small.tflite").stat().st_size,
        "runtime": "tflite-runtime==2.14.0",
    }


def test_what_is_known_to_break_is_refused_before_it_is_tried(edgerec: Edgerec, trained: Path) -> None:
    arguments = ("--precision", "int16", "--data", "ratings.csv", "-o", "out.tflite")
    done = edgerec("convert", "tiny.keras", *arguments, cwd=trained, timeout=MINUTES)
    assert done.returncode == 2
    assert "int16 activations break GRU (layer encoder)" in done.stderr
    assert not (trained / "out.tflite").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--precision", "int4"), "Invalid value for '--precision'"), (("--recipe", "int8"), "No such option")],
)
def test_a_flag_that_it_does_not_take_is_exit_code_2(
    edgerec: Edgerec, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = edgerec("convert", "tiny.keras", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
