"""What machines call their architecture."""

import platform

import pytest

from edgerec.targets import architecture


@pytest.mark.parametrize(
    ("machine", "name"),
    [("aarch64", "aarch64"), ("arm64", "aarch64"), ("armv7l", "armv7"), ("armv8l", "armv7"), ("AMD64", "x86_64")],
)
def test_a_machine_is_known_by_what_uname_says(machine: str, name: str) -> None:
    found = architecture.of_machine(machine)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("machine", ["armv6l", "i686", "riscv64", "mips", ""])
def test_no_capsule_is_for_another_machine(machine: str) -> None:
    assert architecture.of_machine(machine) is None


def test_a_machine_without_linux_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert architecture.here() is None
