"""No free disk, for what is written and for edgerec's own folder: one sentence, and what was there is still there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Refuses = Callable[..., str]
FilesOf = Callable[[Path], dict[str, bytes]]
OUTPUT: dict[str, tuple[str, ...]] = {
    "bench": ("tiny.edgerec", "-o"),
    "pack": ("tiny.tflite", "--items", "items.txt", "--input", "history=history,40", "-o"),
    "compress": ("tiny.keras", "--data", "ratings.csv", "-o"),
    "convert": ("tiny.keras", "-o"),
    "targets": ("harness", "-o"),
}


def test_a_disk_that_takes_no_more(refuses: Refuses, trained: Path) -> None:
    """The kernel refuses every write beyond 2 KiB of a file, of the program and of all that it starts."""
    for command, arguments in OUTPUT.items():
        assert "file too large" in refuses(command, *arguments, "out", limit=2048).lower(), command
    assert "file too large" in refuses("evaluate", "tiny.edgerec", "--user", "1", limit=2048).lower()


@pytest.mark.parametrize("command", ["bench", "pack", "targets"])
def test_a_full_disk_keeps_the_file_that_was_there(
    folder: Path, environment: dict[str, str], scratch: Path, command: str
) -> None:
    """A disk that is full when bytes are to reach it, as the system tells on fsync, stood in for where it is told."""
    program = (
        "import errno, os\n"
        "def full(descriptor):\n    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "os.fsync = full\n"
        "from edgerec.cli.main import main\nmain()\n"
    )
    (folder / "kept").write_text("what was there")
    done = subprocess.run(
        [sys.executable, "-c", program, command, *OUTPUT[command], "kept"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "space" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert (folder / "kept").read_text() == "what was there"
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    assert list(scratch.iterdir()) == []


# A disk of 64 KiB in namespaces of its own, nearly full; what is left on it is printed, but for what was there and for
# the lock of who measures here, which is empty.
SMALL_DISK = """
mount -t tmpfs -o size=64k none full && ln -s "$1" full/environments && head -c 60000 /dev/zero > full/filler || exit 99
shift
"$@"
code=$?
find full -type f ! -name filler ! '(' -name '.turn-*.lock' -empty ')'
exit $code
"""


def on_a_full_disk(folder: Path, environment: dict[str, str], home: str, *arguments: str) -> tuple[int, str, str]:
    """Run `edgerec` where folder/full is a full disk; give its exit code, its last line, and the files left there."""
    (folder / "full").mkdir(exist_ok=True)
    environments = Path(environment["EDGEREC_HOME"]).absolute() / "environments"
    program = [str(environments), sys.executable, "-m", "edgerec.cli", *arguments]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL_DISK, "sh", *program],
        cwd=folder,
        env={**environment, "EDGEREC_HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 99 or done.stderr.startswith("unshare"):
        pytest.skip(f"this system lets no ordinary user mount a disk of their own: {done.stderr.strip()}")
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.splitlines()[-1], done.stdout


def test_edgerecs_own_folder_on_a_full_disk(
    folder: Path, environment: dict[str, str], scratch: Path, files_of: FilesOf
) -> None:
    before = files_of(folder)
    for given in (("bench", *OUTPUT["bench"], "out"), ("evaluate", "tiny.edgerec", "--user", "1")):
        code, sentence, left = on_a_full_disk(folder, environment, "full", *given)
        assert (code, left) == (2, "")
        assert sentence.startswith("error: No space is left for ")
        assert "EDGEREC_HOME" in sentence
    assert files_of(folder) == before
    assert list(scratch.iterdir()) == []


def test_an_output_on_a_full_disk(trained: Path, environment: dict[str, str], scratch: Path, files_of: FilesOf) -> None:
    before = files_of(trained)
    for command, arguments in OUTPUT.items():
        given = (command, *arguments, "full/out")
        code, sentence, left = on_a_full_disk(trained, environment, environment["EDGEREC_HOME"], *given)
        assert (code, left) == (2, ""), sentence
        assert "full/out" in sentence
        assert "space" in sentence
    assert files_of(trained) == before
    assert list(scratch.iterdir()) == []
