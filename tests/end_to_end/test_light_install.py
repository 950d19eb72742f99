"""The light install: what inspects, checks, packs and measures runs where nothing of `edgerec[compress]` is."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Light = Callable[..., tuple[list[tuple[str, int]], str]]

EXTRA = (
    *("tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "ai_edge_litert", "tflite_runtime"),
    *("flatbuffers", "h5py", "pyarrow", "rich", "vl_convert"),
)
# Imports and their distributions are refused, as if they had never been installed.
MARK = "\x1eended with "
PROGRAM = f"""
import importlib.metadata, json, sys

MARK = {MARK!r}

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
from edgerec.cli.main import run
for arguments in json.loads(sys.argv[1]):
    print(f"{{MARK}}{{run(arguments)}}")
"""
RATCHET = ("check", "tiny.edgerec", "--limit", "app_bytes=ratchet")
COMMANDS = {
    "inspect": (("inspect", "tiny.edgerec"), 0),
    "inspect a .tflite": (("inspect", "tiny.tflite", "--json"), 0),
    "check": (("check", "tiny.edgerec", "--limit", "app_bytes=8 KiB"), 0),
    "check misses": (("check", "tiny.edgerec", "--limit", "app_bytes=1 KiB"), 1),
    "bench": (("bench", "tiny.edgerec", "--calls", "5", "-o", "report.json"), 0),
    "evaluate": (("evaluate", "tiny.edgerec", "--history", "i1,i2"), 0),
    "pack": (("pack", "tiny.tflite", "--items", "items.txt", "--input", "history=history,40", "-o", "x.edgerec"), 0),
    "check updates": ((*RATCHET, "--baseline", "baseline.json", "--update-baseline"), 0),
    "init": (("init", "--budget-from", "tiny.edgerec", "-o", "budget.toml"), 0),
    "recipes": (("recipes",), 0),
    "recipes NAME": (("recipes", "prune80_int8", "--json"), 0),
    "doctor": (("doctor",), 0),
    "targets": (("targets",), 0),
    "targets harness": (("targets", "harness"), 0),
}


@pytest.fixture
def light(folder: Path, environment: dict[str, str]) -> Light:
    """Run `edgerec` several times in one process where nothing of EXTRA is; give each output and code, and stderr."""

    def run(*runs: tuple[str, ...]) -> tuple[list[tuple[str, int]], str]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(runs)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = re.findall(rf"(.*?){MARK}(\d+)\n", done.stdout, re.DOTALL)
        return [(output, int(code)) for output, code in found], done.stderr

    return run


def test_the_light_commands_run(light: Light) -> None:
    ended, errors = light(*(arguments for arguments, _ in COMMANDS.values()))
    assert dict(zip(COMMANDS, [code for _, code in ended], strict=True)) == {
        name: code for name, (_, code) in COMMANDS.items()
    }, errors
    assert [name for name, (output, _) in zip(COMMANDS, ended, strict=True) if not output] == []


def test_a_bundle_with_users_is_packed_and_proved(light: Light, folder: Path) -> None:
    (folder / "edgerec.toml").write_text("[data]\npath = 'ratings.csv'\n")
    arguments = ("--items", "items.txt", "--input", "history=history,40", "--float32", "tiny.tflite", "-o", "x.edgerec")
    ((_, code),), errors = light(("pack", "tiny.tflite", *arguments))
    assert code == 0, errors


def test_doctor_says_what_is_missing(light: Light) -> None:
    ((output, _),), _ = light(("doctor", "--json"))
    told = json.loads(output)
    assert told["can_compress"] is False
    assert told["compress"]["tensorflow"] is None
    assert told["light"]["numpy"]


def test_what_trains_or_converts_says_what_to_install(light: Light, folder: Path) -> None:
    (folder / "m.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    ended, errors = light(("compress", "m.h5", "--data", "ratings.csv"), ("convert", "m.h5"), ("demo",))
    assert [code for _, code in ended] == [2, 2, 2]
    assert "Traceback" not in errors
    assert errors.count('pip install "edgerec[compress]"') == 3


def test_the_page_says_what_to_install(light: Light, folder: Path) -> None:
    ((_, code),), errors = light(("report", "tiny.edgerec"))
    assert code == 2
    assert 'pip install "edgerec[report]"' in errors
    assert not (folder / "report.html").exists()
