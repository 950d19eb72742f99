"""What is installed here, told without importing any of it, and what edgerec keeps on disk."""

import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from edgerec import storage, system
from edgerec.targets import environment

LIGHT = ("click", "numpy", "rich")
COMPRESS = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "flatbuffers", "pyarrow")


@dataclass(frozen=True)
class RuntimeState:
    """A runtime that edgerec knows: whether this Python and machine have wheels for it, and its environment if made."""

    name: str
    has_wheels: bool
    environment: str | None


@dataclass(frozen=True)
class Installation:
    """What is here; a version is None for a distribution that is not installed."""

    edgerec: str | None
    python: str
    executable: str
    system: str
    cpu: str | None
    cores: int
    memory_bytes: int | None
    light: dict[str, str | None]
    compress: dict[str, str | None]
    runtimes: tuple[RuntimeState, ...]
    home: str
    parts: dict[str, int]
    free_bytes: int | None

    @property
    def can_compress(self) -> bool:
        """Say whether everything is there that compressing and converting need."""
        return all(self.compress.values())


def look() -> Installation:
    """Look at this machine and this Python."""
    home = storage.home()
    return Installation(
        edgerec=_version("edgerec"),
        python=platform.python_version(),
        executable=sys.executable,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=system.cpu_model(),
        cores=system.cores(),
        memory_bytes=system.memory_bytes(),
        light={name: _version(name) for name in LIGHT},
        compress={name: _version(name) for name in COMPRESS},
        runtimes=tuple(_state(pin, home / "environments") for pin in environment.known()),
        home=str(home),
        parts=storage.usage(),
        free_bytes=system.free_disk_bytes(home),
    )


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _state(pin: environment.RuntimePin, environments: Path) -> RuntimeState:
    made = sorted(environments.glob(f"{pin.name}-{pin.version}-{system.python_tag()}-*"))
    return RuntimeState(str(pin), environment.available(pin), str(made[0]) if made else None)
