import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Edgerec = Callable[..., subprocess.CompletedProcess[str]]


def test_a_bundle_and_a_bare_tflite_are_shown(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path, tiny_tflite: bytes
) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    for name in (tiny_bundle.name, "tiny.tflite"):
        done = edgerec("inspect", name, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "FULLY_CONNECTED" in done.stdout
    value = json.loads(edgerec("inspect", "tiny.tflite", "--json", cwd=tmp_path).stdout)
    assert value["manifest"] is None
    assert value["model_bytes"] == len(tiny_tflite)
    assert json.loads(edgerec("inspect", "tiny.tflite", "--deep", "--json", cwd=tmp_path).stdout) == value


def test_what_is_no_model_is_exit_code_2(edgerec: Edgerec, tmp_path: Path, tiny_tflite: bytes) -> None:
    (tmp_path / "cut.tflite").write_bytes(tiny_tflite[: len(tiny_tflite) // 2])
    for name in ("cut.tflite", "gone.tflite"):
        done = edgerec("inspect", name, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
