"""The light install: what inspects, checks, packs and measures runs where nothing of `edgerec[compress]` is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXTRA = (
    *("tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "ai_edge_litert", "tflite_runtime"),
    *("flatbuffers", "h5py", "pyarrow", "rich"),
)
# Imports and their distributions are refused, as if they had never been installed.
PROGRAM = f"""
import importlib.metadata, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRA!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

def gone(name):
    if name.replace("-", "_").lower() in {EXTRA!r}:
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)

found = importlib.metadata.version
importlib.metadata.version = gone
sys.meta_path.insert(0, Missing())
from edgerec.cli.main import main
main()
"""
COMMANDS = {
    "inspect": (("inspect", "tiny.edgerec"), 0),
    "inspect a .tflite": (("inspect", "tiny.tflite", "--json"), 0),
    "check": (("check", "tiny.edgerec", "--limit", "app_bytes=8 KiB"), 0),
    "check misses": (("check", "tiny.edgerec", "--limit", "app_bytes=1 KiB"), 1),
    "bench": (("bench", "tiny.edgerec", "--calls", "5", "-o", "report.json"), 0),
    "evaluate": (("evaluate", "tiny.edgerec", "--history", "i1,i2"), 0),
    "pack": (("pack", "tiny.tflite", "--items", "items.txt", "--input", "history=history,40", "-o", "x.edgerec"), 0),
    "recipes": (("recipes",), 0),
    "recipes NAME": (("recipes", "prune80_int8", "--json"), 0),
    "doctor": (("doctor",), 0),
    "targets": (("targets",), 0),
    "targets harness": (("targets", "harness"), 0),
}


@pytest.fixture
def light(folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_light_command_runs(light, name: str) -> None:
    arguments, code = COMMANDS[name]
    done = light(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout


def test_a_bundle_with_users_is_packed_and_proved(light, folder: Path) -> None:
    (folder / "edgerec.toml").write_text("[data]\npath = 'ratings.csv'\n")
    arguments = ("--items", "items.txt", "--input", "history=history,40", "--float32", "tiny.tflite", "-o", "x.edgerec")
    done = light("pack", "tiny.tflite", *arguments)
    assert done.returncode == 0, done.stderr


def test_doctor_says_what_is_missing(light) -> None:
    told = json.loads(light("doctor", "--json").stdout)
    assert told["can_compress"] is False
    assert told["compress"]["tensorflow"] is None
    assert told["light"]["numpy"]


@pytest.mark.parametrize("arguments", [("compress", "m.h5", "--data", "ratings.csv"), ("convert", "m.h5"), ("demo",)])
def test_what_trains_or_converts_says_what_to_install(light, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "m.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    done = light(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert 'pip install "edgerec[compress]"' in done.stderr.splitlines()[-1]
