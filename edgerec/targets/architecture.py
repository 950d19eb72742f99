"""The architectures that capsules are for, and what Debian, wheels and the machines themselves call them."""

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """An architecture by its own name; `machines` are what `uname -m` says there."""

    name: str
    debian: str
    wheels: str
    loader: str
    machines: tuple[str, ...]


KNOWN = {
    known.name: known
    for known in (
        Architecture("aarch64", "arm64", "aarch64", "ld-linux-aarch64.so.1", ("aarch64", "arm64")),
        Architecture("armv7", "armhf", "armv7l", "ld-linux-armhf.so.3", ("armv7l", "armv8l")),
        Architecture("x86_64", "amd64", "x86_64", "ld-linux-x86-64.so.2", ("x86_64", "amd64")),
    )
}


def of_machine(machine: str) -> Architecture | None:
    """Return the architecture of what `uname -m` says, None where no capsule is for it."""
    return next((known for known in KNOWN.values() if machine.lower() in known.machines), None)


def here() -> Architecture | None:
    """Return this machine's architecture, None where no capsule is for it or it runs no Linux."""
    return of_machine(platform.machine()) if platform.system() == "Linux" else None
