"""`edgerec bench` with several targets and with every runtime, on this machine and one that is not there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from device_tests import bundle as bundle_format
from device_tests import report as report_format
from edgerec.targets import environment

pytestmark = pytest.mark.slow

Edgerec = Callable[..., subprocess.CompletedProcess[str]]
MINUTES = 300
REPOSITORY = Path(__file__).parents[3]
CONFIG = """
[target]
calls = 5
[target.lite]
address = "local"
runtime = "ai-edge-litert==2.3.0"
"""
BOARD = """
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from edgerec.targets.target import UnreachableError

@dataclass(frozen=True)
class Board:
    name: str
    @property
    def device(self):
        return self.name
    def refuse_unready(self, runtime):
        raise UnreachableError(f"{self.name} is not plugged in.")
    @contextmanager
    def opened(self, runtime, *, progress):
        if self.name == "hangs":
            progress("it hangs")
            time.sleep(600)
        raise UnreachableError(f"{self.name} went away. Plug it in again.")
        yield
    def clean(self):
        if self.name == "gone":
            raise UnreachableError("gone is not there. Plug it in.")
        with Path("cleaned").open("a") as file:
            file.write(f"{self.name}\\n")
"""


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a package that adds the scheme `serial`, for boards that are not there; give its folder."""
    folder = tmp_path / "site"
    info = folder / "boards-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: boards\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[edgerec.targets]\nserial = fake_boards:Board\n")
    (folder / "fake_boards.py").write_text(BOARD)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("fake_boards", None)


def test_one_row_a_target_and_what_fails_costs_the_others_nothing(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path, board: Path
) -> None:
    (tmp_path / "edgerec.toml").write_text(CONFIG)
    targets = ("--target", "local", "--target", "serial:ttyS0", "--target", "lite")
    done = edgerec("bench", tiny_bundle.name, *targets, "--starts", 1, "-o", "out", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 2, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["local", "serial:ttyS0", "lite"]
    assert lines[3].endswith("yes")
    assert "serial:ttyS0: ttyS0 went away. Plug it in again." in lines
    reports = {path.name: report_format.read(path) for path in (tmp_path / "out").iterdir()}
    assert sorted(reports) == ["lite.report.json", "local.report.json"]
    assert [str(reports[f"{name}.report.json"].board.runtime) for name in ("local", "lite")] == [
        environment.DEFAULT.name,
        "ai-edge-litert",
    ]


def test_all_that_hold_and_agree_are_exit_code_0_and_json(edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path) -> None:
    (tmp_path / "edgerec.toml").write_text(CONFIG)
    targets = ("--target", "local", "--target", "lite")
    done = edgerec("bench", tiny_bundle.name, *targets, "--starts", 1, "--json", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)["targets"]
    assert (first["targets"], first["agrees"], first["figures"]["latency"]["calls"]) == (["local"], None, 5)
    assert (second["targets"], second["agrees"], second["identical_lists"]) == (["lite"], True, 1.0)


def test_golden_outputs_that_do_not_hold_on_one_target_are_exit_code_1(
    edgerec: Edgerec, tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]], tiny_model: object
) -> None:
    upside_down = type(tiny_model)(tiny_model.table, -tiny_model.dense)  # type: ignore[attr-defined]
    bundle_format.write(tmp_path / "bad.edgerec", rebuilt({bundle_format.MODEL: upside_down.tflite()}))
    (tmp_path / "edgerec.toml").write_text(CONFIG)
    targets = ("--target", "local", "--target", "lite", "--only", "golden")
    done = edgerec("bench", "bad.edgerec", *targets, cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("golden outputs do not hold") == 2


def test_scores_that_are_no_numbers_are_a_row_whose_golden_outputs_do_not_hold(
    edgerec: Edgerec, tmp_path: Path, rebuilt: Callable[..., dict[str, bytes]], tiny_model: object
) -> None:
    dense = tiny_model.dense.copy()  # type: ignore[attr-defined]
    dense[3, 2] = np.nan
    no_numbers = type(tiny_model)(tiny_model.table, dense)  # type: ignore[attr-defined]
    bundle_format.write(tmp_path / "nan.edgerec", rebuilt({bundle_format.MODEL: no_numbers.tflite()}))
    (tmp_path / "edgerec.toml").write_text(CONFIG)
    targets = ("--target", "local", "--target", "lite", "--starts", 1)
    done = edgerec("bench", "nan.edgerec", *targets, cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("NOT HELD") == 2
    assert done.stdout.count("scores are NaN or infinite") == 2


def test_ctrl_c_shows_and_keeps_what_was_measured(tmp_path: Path, tiny_bundle: Path, board: Path) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "edgerec.cli", "bench", tiny_bundle.name, "--calls", "5", "--starts", "1"),
            *("--target", "serial:hangs", "--target", "local", "-o", "out"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{board}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + MINUTES
    while not (tmp_path / "out" / "local.report.json").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.endswith("interrupted\n")
    assert [line.split()[0] for line in out.splitlines()[1:2]] == ["local"]
    assert "hangs" not in out


def test_what_is_kept_on_targets_is_removed_on_every_one_that_is_there(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path, board: Path
) -> None:
    done = edgerec("targets", "clean", "serial:a", "local", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        0,
        "serial:a: clean\nlocal: keeps nothing but what `edgerec doctor` shows\n",
    )
    gone = edgerec(
        "bench", tiny_bundle.name, "--target", "serial:gone", "--target", "serial:b", "--clean", cwd=tmp_path
    )
    assert gone.returncode == 2
    assert gone.stderr.endswith("error: gone is not there. Plug it in.\n")
    assert (tmp_path / "cleaned").read_text() == "a\nb\n"
    assert edgerec("targets", "clean", "serail:a", cwd=tmp_path).returncode == 2


def test_a_matrix_says_which_runtimes_an_app_may_use(
    edgerec: Edgerec, tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = tuple(map(environment.parse, ("tflite-runtime==2.14.0", "ai-edge-litert==2.3.0")))
    monkeypatch.setattr(environment, "known", lambda: pins)  # the others would have to be fetched
    done = edgerec("bench", tiny_bundle.name, "--matrix", "-o", "out", cwd=tmp_path, timeout=MINUTES)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:4]] == list(map(str, pins))
    assert all(line.endswith("yes") for line in lines[2:4])
    assert lines[-1] == "the oldest that an app may use: tflite-runtime==2.14.0"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "local-ai-edge-litert-2.3.0.report.json",
        "local-tflite-runtime-2.14.0.report.json",
    ]


def test_what_cannot_be_asked_is_exit_code_2_and_one_sentence(
    edgerec: Edgerec, tmp_path: Path, tiny_tflite: bytes, tiny_bundle: Path
) -> None:
    (tmp_path / "tiny.tflite").write_bytes(tiny_tflite)
    (tmp_path / "file").write_text("")
    for arguments, said in (
        ((tiny_bundle.name, "--target", "locl"), "There is no target 'locl' (did you mean local?)"),
        ((tiny_bundle.name, "--target", "local", "--target", "local"), "The target local is given twice"),
        (("tiny.tflite", "--matrix"), "is a bare .tflite and promises nothing to try"),
        ((tiny_bundle.name, "--matrix", "--runtime", "tflite-runtime==2.14.0"), "--matrix tries every runtime"),
        ((tiny_bundle.name, "--target", "local", "--matrix", "-o", "file"), "cannot be written"),
    ):
        done = edgerec("bench", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        (error,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
        assert said in error
