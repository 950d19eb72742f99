"""The plugin built by the real compiler, loaded by the real QEMU, on programs whose every instruction is known."""

import shutil
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edgerec.progress import silent
from edgerec.targets import child
from edgerec.targets.emulator import plugin
from edgerec.targets.emulator.processors import Processor, processor

Tool = Callable[[str], str]

NOP, SYSTEM_CALL = 0xD503201F, 0xD4000001
LOAD_8, LOAD_1, STORE_8 = 0xF94003E1, 0x394003E1, 0xF90003E1  # from and to the top of the stack
MARKER, EXIT = 48879, 93
ARM, OPEN, CLOSE = 1, 2, 3


def move(register: int, value: int) -> int:
    """Give the instruction that puts a number into a register."""
    return 0xD2800000 | value << 5 | register


def marked(what: int) -> tuple[int, ...]:
    """Give the instructions of a marker: three."""
    return move(8, MARKER), move(0, what), SYSTEM_CALL


def write_program(path: Path, instructions: Sequence[int], code: int = 0) -> Path:
    """Write a program of 64 bit that does these instructions and ends with an exit code."""
    whole = (*instructions, move(8, EXIT), move(0, code), SYSTEM_CALL)
    text = struct.pack(f"<{len(whole)}I", *whole)
    base, start = 0x400000, 64 + 56
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 183, 1, base + start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, start + len(text), start + len(text), 0x1000)
    path.write_bytes(header + segment + text)
    path.chmod(0o755)
    return path


@pytest.fixture
def chip(tool: Tool) -> Processor:
    tool("qemu-aarch64")
    return processor("cortex-a72")


@pytest.fixture
def built(chip: Processor, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tool("cc")
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    return plugin.built(chip, (str(write_program(tmp_path / "trial", ())),), progress=silent)


def counted(chip: Processor, built: Path, folder: Path, *instructions: int) -> str:
    program, out = write_program(folder / "program", instructions), folder / "with,comma"
    ended = child.run([*chip.start(*plugin.option(built, out)), str(program)])
    assert ended.code == 0, ended.lines
    return out.read_text()


def test_instructions_and_bytes_are_counted_to_the_last_one(chip: Processor, built: Path, tmp_path: Path) -> None:
    own = 3  # of the closing marker
    body = (NOP,) * 50 + (LOAD_8,) * 3 + (LOAD_1,) * 5 + (STORE_8,) * 2
    said = counted(chip, built, tmp_path, *marked(ARM), *marked(OPEN), *body, *marked(CLOSE))
    assert said == f"{len(body) + own} {3 * 8 + 5} {2 * 8}\n"


def test_only_what_stands_between_markers_is_counted_each_time_from_zero(
    chip: Processor, built: Path, tmp_path: Path
) -> None:
    body = (*marked(OPEN), LOAD_8, *marked(CLOSE), *(LOAD_1, STORE_8) * 9)
    said = counted(chip, built, tmp_path, LOAD_8, *marked(ARM), *body, *body, *marked(OPEN), *marked(CLOSE))
    assert said == "4 8 0\n4 8 0\n3 0 0\n"


def test_a_program_that_never_arms_it_has_an_empty_file(chip: Processor, built: Path, tmp_path: Path) -> None:
    assert counted(chip, built, tmp_path, *(NOP,) * 9) == ""


def test_it_is_built_once(chip: Processor, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "run", lambda *_, **__: pytest.fail("the compiler ran again"))
    assert plugin.built(chip, (), progress=silent) == built


def test_without_a_compiler_the_sentence_names_the_package(
    chip: Processor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(plugin.NoPluginError, match=r"no C compiler cc here .*apt-get install gcc libc6-dev"):
        plugin.built(chip, (), progress=silent)


def test_a_qemu_that_takes_no_plugin_leaves_none_behind(
    chip: Processor, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that ends badly under the emulator is all that a static QEMU shows."""
    tool("cc")
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    bad = write_program(tmp_path / "bad", (), code=1)
    with pytest.raises(plugin.NoPluginError, match=rf"{chip.program} takes no plugin \(exit code 1\)"):
        plugin.built(chip, (str(bad),), progress=silent)
    assert list((tmp_path / "home" / "emulator").iterdir()) == []


def test_a_compiler_that_fails_says_why(chip: Processor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEREC_HOME", str(tmp_path / "home"))
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho 'fatal error: fcntl.h: No such file.' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(plugin.NoPluginError, match=r"does not build QEMU's plugin: fatal error: fcntl.h: No such file"):
        plugin.built(chip, (), progress=silent)
