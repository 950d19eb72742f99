"""Ctrl-C and a termination, in real processes at several points: one line, children ended, nothing half-written."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

WORDS = {signal.SIGINT: ("interrupted", 130), signal.SIGTERM: ("terminated", 143)}
LONG = (
    "[[step]]\ndo = 'prune'\nsparsity = 0.5\nepochs = 5000\nschedule = 'constant'\n[convert]\nprecision = 'float32'\n"
)
Environment = dict[str, str]


@pytest.fixture
def home(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of edgerec's own that has the environments of the tests and nothing else."""
    home = tmp_path_factory.mktemp("home")
    (home / "environments").symlink_to(Path(environment["EDGEREC_HOME"]).absolute() / "environments")
    environment["EDGEREC_HOME"] = str(home)
    return home


def interrupted(
    arguments: list[str], at: str, sent: list[signal.Signals], folder: Path, environment: Environment
) -> tuple[str, int]:
    """Start `edgerec`, send the signals when a line of its progress has `at`, and give its last line and exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "edgerec.cli", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr:
        lines = []
        for line in process.stderr:
            lines.append(line.rstrip())
            if at in line:
                break
        time.sleep(0.3)
        for each in sent:
            process.send_signal(each)
        lines += process.stderr.read().splitlines()
    *progress, last = lines
    assert all(line.startswith("[") for line in progress), lines
    return last, process.wait(timeout=60)


def processes_of(home: Path) -> list[str]:
    """Give the command lines of the processes that have this folder as edgerec's own in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):  # it is somebody else's, or ended meanwhile
            if entry.name.isdecimal() and f"EDGEREC_HOME={home}".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_text(errors="replace").replace("\0", " "))
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="children are looked for under /proc")
@pytest.mark.parametrize("sent", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 3])
def test_a_bench_that_is_interrupted_ends_the_harness_and_leaves_no_report(
    folder: Path, environment: Environment, scratch: Path, home: Path, sent: list[signal.Signals]
) -> None:
    before = sorted(folder.rglob("*"))
    arguments = ["bench", "tiny.edgerec", "--calls", "1000000", "-o", "report.json"]
    assert interrupted(arguments, "memory", sent, folder, environment) == WORDS[sent[0]]
    assert sorted(folder.rglob("*")) == before
    assert list(scratch.iterdir()) == []
    assert [path.name for path in (home / "harness").iterdir() if path.name.startswith("run-")] == []
    assert processes_of(home) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="children are looked for under /proc")
@pytest.mark.parametrize(
    ("at", "number"), [("convert", signal.SIGINT), ("epoch 2 of", signal.SIGINT), ("epoch 2 of", signal.SIGTERM)]
)
def test_a_compress_that_is_interrupted_leaves_nothing(  # noqa: PLR0917  all but the last two are fixtures
    trained: Path, environment: Environment, scratch: Path, home: Path, at: str, number: signal.Signals
) -> None:
    (trained / "long.toml").write_text(LONG)
    before = sorted(trained.rglob("*"))
    arguments = ["compress", "tiny.keras", "--data", "ratings.csv", "--recipe", "long.toml", "-o", "out.edgerec"]
    assert interrupted(arguments, at, [number], trained, environment) == WORDS[number]
    assert sorted(trained.rglob("*")) == before
    assert list(scratch.iterdir()) == []
    assert list((home / "cache").glob(".partial-*")) == []
    assert processes_of(home) == []
