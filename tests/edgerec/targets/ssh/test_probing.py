"""What boards say of themselves: golden texts of different ones, and the real question asked of this machine."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgerec.targets import architecture, environment
from edgerec.targets.local_shell import LocalShell
from edgerec.targets.shell import Answer
from edgerec.targets.ssh.probing import probe
from edgerec.targets.target import UnreachableError

TFLITE, LITERT = environment.parse("tflite-runtime==2.14.0"), environment.parse("ai-edge-litert==2.1.6")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the board is this machine, which has to be Linux")

WITH_RUNTIME = """\
system Linux
machine aarch64
bits 64
python /usr/bin/python3 3.11 1.26.4 2.14.0
python /usr/bin/python 3.11 1.26.4 2.14.0
"""
ARMHF_USERLAND = """\
system Linux
machine aarch64
bits 32
python /usr/bin/python3 3.9 1.19.5 -
"""
MUSL = """\
system Linux
machine aarch64
bits\x20
python /usr/bin/python3 3.12 2.1.3 -
"""
PYTHON_38 = """\
system Linux
machine armv7l
bits 32
python /usr/bin/python3 3.8 1.17.4 2.14.0
"""
NOTHING_INSTALLED = """\
system Linux
machine x86_64
bits 64
"""


@dataclass(frozen=True)
class Saying:
    """A board that gives one answer."""

    out: str
    name: str = "ssh://board"
    folder: str = "/nowhere"

    def ask(self, command: Sequence[str], *, time_limit_s: float = 60.0) -> Answer:
        del command, time_limit_s
        return Answer(0, self.out)

    def put(self, local: Path, remote: str) -> None:
        raise NotImplementedError

    def take(self, remote: str) -> bytes:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("said", "name", "python"),
    [
        (WITH_RUNTIME, "aarch64", "/usr/bin/python3"),
        (ARMHF_USERLAND, "armv7", None),
        (MUSL, "aarch64", None),
        (PYTHON_38, "armv7", None),
        (NOTHING_INSTALLED, "x86_64", None),
    ],
    ids=["with the runtime", "armhf userland", "musl", "Python 3.8", "nothing installed"],
)
def test_a_board_has_the_architecture_of_its_programs_and_perhaps_a_python(
    said: str, name: str, python: str | None
) -> None:
    board = probe(Saying(said), TFLITE)
    assert board.architecture == name
    assert board.python(TFLITE) == python


@pytest.mark.parametrize(
    ("python", "tflite", "litert"),
    [
        ("3.9 1.26.4 2.14.0", True, False),
        ("3.11 2.1.3 2.14.0", False, False),
        ("3.11 - 2.14.0", False, False),
        ("3.11 1.26.4 2.13.0", False, False),
        ("3.11 1.26.4 2.1.6", False, True),
        ("3.11 2.1.3 2.1.6", False, True),
        ("3.8 1.24.4 2.1.6", False, False),
    ],
)
def test_a_python_fits_by_its_version_numpy_and_the_very_version_of_the_runtime(
    python: str, tflite: bool, litert: bool
) -> None:
    board = probe(Saying(f"{NOTHING_INSTALLED}python /bin/python3 {python}\n"), TFLITE)
    assert (board.python(TFLITE) is not None, board.python(LITERT) is not None) == (tflite, litert)


def test_the_first_python_that_fits_is_taken() -> None:
    said = f"{NOTHING_INSTALLED}python /a/python3 3.12 2.1.3 -\npython /b/python 3.11 1.26.4 2.14.0\n"
    assert probe(Saying(said), TFLITE).python(TFLITE) == "/b/python"


def test_what_a_login_prints_and_a_path_with_a_space_do_no_harm() -> None:
    said = f"Welcome to the board\n{NOTHING_INSTALLED}python /my programs/python3 3.11 1.26.4 2.14.0\n"
    board = probe(Saying(said), TFLITE)
    assert (board.architecture, board.pythons) == ("x86_64", ())


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("system Linux\nmachine riscv64\nbits 64\n", "Linux on riscv64"),
        ("system Linux\nmachine armv6l\nbits 32\n", "Linux on armv6l in 32 bits"),
        ("system Linux\nmachine x86_64\nbits 32\n", "Linux on x86_64 in 32 bits"),
        ("system Darwin\nmachine arm64\nbits 64\n", "Darwin on arm64"),
        ("", "no Linux on an unknown machine"),
    ],
)
def test_a_board_that_no_capsule_is_for_is_one_sentence(said: str, what: str) -> None:
    with pytest.raises(UnreachableError) as refused:
        probe(Saying(said), TFLITE)
    assert str(refused.value) == (
        f"ssh://board is {what}: bundles run on Linux on aarch64, armv7, x86_64. Bench on another board."
    )


@linux
def test_this_machine_answers_and_a_python_with_the_runtime_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = environment.python_for(environment.DEFAULT)
    monkeypatch.setenv("PATH", f"{python.parent}:{os.environ['PATH']}")
    board = probe(LocalShell(str(tmp_path)), environment.DEFAULT)
    here = architecture.here()
    assert here is not None
    assert board.architecture == here.name
    assert board.python(environment.DEFAULT) == str(python.parent / "python3")


@linux
@pytest.mark.parametrize(("wide", "name"), [("02", "aarch64"), ("01", "armv7")])
def test_without_getconf_the_shell_itself_tells_the_bits_and_without_python_none_is_found(
    wide: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    (tmp_path / "sh").symlink_to(shell)
    answers = {"uname": '[ "$1" = -s ] && echo Linux || echo aarch64', "od": f'echo " {wide}"'}
    for program, script in answers.items():
        (tmp_path / program).write_text(f"#!{shell}\n{script}\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    board = probe(LocalShell(str(tmp_path)), TFLITE)
    assert (board.architecture, board.pythons) == (name, ())
