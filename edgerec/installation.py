"""What is installed here, told without importing any of it, and what edgerec keeps on disk."""

import platform
import sys
from dataclasses import dataclass
from importlib import metadata

from device_tests.system import cpu_model, memory_bytes
from edgerec import storage, system
from edgerec.targets import environment, local

LIGHT = ("click", "numpy")
COMPRESS = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "flatbuffers",
    "pyarrow",
    "bsdiff4",
)


@dataclass(frozen=True)
class RuntimeState:
    """A runtime that edgerec knows: the environment it is ready in, or why it cannot be had here; neither is made yet.

    `default` is the runtime that commands take when none is asked for.
    """

    name: str
    default: bool
    environment: str | None
    hindrance: str | None


@dataclass(frozen=True)
class Machine:
    """This machine; `cpu` and `memory_bytes` are None where the system does not tell them."""

    system: str
    cpu: str | None
    cores: int
    memory_bytes: int | None


@dataclass(frozen=True)
class Installation:
    """What is here; a version is None for a distribution that is not installed."""

    edgerec: str | None
    python: str
    executable: str
    machine: Machine
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
        machine=machine(),
        light={name: _version(name) for name in LIGHT},
        compress={name: _version(name) for name in COMPRESS},
        runtimes=runtimes(),
        home=str(home),
        parts=storage.usage(),
        free_bytes=system.free_disk_bytes(home),
    )


def machine() -> Machine:
    """Look at this machine alone."""
    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=cpu_model(),
        cores=system.cores(),
        memory_bytes=memory_bytes(),
    )


def runtimes() -> tuple[RuntimeState, ...]:
    """Look at each runtime that edgerec knows, by preference."""
    return tuple(_state(pin) for pin in environment.known())


def missing_to_compress() -> str | None:
    """Give the first distribution that compressing and converting lack, None when all are there."""
    return next((name for name in COMPRESS if _version(name) is None), None)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _state(pin: environment.RuntimePin) -> RuntimeState:
    made = local.made(pin)
    hindrance = None
    if made is None:
        try:
            local.refuse_unready(pin)
        except environment.RuntimeUnavailableError as error:
            hindrance = str(error)
    return RuntimeState(str(pin), pin == environment.DEFAULT, None if made is None else str(made), hindrance)
