"""The processors of the real QEMU."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgerec.targets.emulator.processors import processor
from edgerec.targets.target import UnreachableError

Tool = Callable[[str], str]


@pytest.mark.parametrize(
    ("name", "program", "architecture"),
    [
        ("cortex-a53", "qemu-aarch64", "aarch64"),
        ("cortex-a76", "qemu-aarch64", "aarch64"),
        ("cortex-a7", "qemu-arm", "armv7"),
        ("max", "qemu-aarch64", "aarch64"),
    ],
)
def test_a_processor_is_found_with_its_program(name: str, program: str, architecture: str, tool: Tool) -> None:
    found = processor(name)
    assert (found.program, found.architecture) == (Path(tool(program)), architecture)
    assert str(found) == f"{name}, emulated by qemu {found.version}"
    assert found.version[0].isdigit()


def test_an_unknown_processor_is_refused_with_the_one_that_was_meant(tool: Tool) -> None:
    tool("qemu-aarch64")
    tool("qemu-arm")
    with pytest.raises(UnreachableError, match=r"no processor 'cortex-a75' \(did you mean cortex-a7\w?\?\); `qemu-a"):
        processor("cortex-a75")
    with pytest.raises(UnreachableError, match="no processor ''"):
        processor("")


def test_without_qemu_the_sentence_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"no qemu-aarch64 or qemu-arm here.*apt-get install qemu-user"):
        processor("cortex-a72")


def test_one_of_the_two_programs_says_that_the_other_is_missing(
    tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "qemu-aarch64").symlink_to(tool("qemu-aarch64"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"no processor 'cortex-a7'.* qemu-arm is not here and may know it"):
        processor("cortex-a7")


def test_a_qemu_that_does_not_start_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "qemu-aarch64"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnreachableError, match=r"qemu-aarch64 -cpu help does not answer: .*Exec format error"):
        processor("cortex-a72")
