import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from converters.rewrite import strip_names

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
FIXTURES = Path(__file__).parents[2] / "fixtures"
MINUTES = 300


def test_exit_code_says_whether_the_content_is_the_same(edgerec: Edgerec, tmp_path: Path) -> None:
    old, other = (FIXTURES / f"history_{name}.tflite" for name in ("float32", "hybrid"))
    (tmp_path / "stripped.tflite").write_bytes(strip_names(old.read_bytes()))
    same = edgerec("diff", old, "stripped.tflite", cwd=tmp_path)
    assert (same.returncode, same.stderr) == (0, "")
    assert "the same content" in same.stdout
    different = edgerec("diff", old, other, "--json", cwd=tmp_path)
    assert (different.returncode, different.stderr) == (1, "")
    assert json.loads(different.stdout)["same_content"] is False


def test_what_is_no_model_and_files_that_have_no_users_are_exit_code_2(edgerec: Edgerec, tmp_path: Path) -> None:
    old = FIXTURES / "history_float32.tflite"
    for arguments in ((old, "gone.tflite"), (old, old, "--run")):
        done = edgerec("diff", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "error: " in done.stderr
        assert "Traceback" not in done.stderr


def test_two_bundles_are_run_when_asked_for(edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path) -> None:
    arguments = ("diff", tiny_bundle.name, tiny_bundle.name, "--run", "--users", 6, "--json")
    done = edgerec(*arguments, cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["recommendations"]
    assert (found["users"], found["overlap"], found["recall_change"]["high"]) == (6, 1.0, 0.0)
