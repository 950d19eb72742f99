"""Environments of the device runtimes: one a runtime, Python and lock, made on first use and reused ever after."""

import errno
import hashlib
import shutil
import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from edgerec import storage, system
from edgerec.errors import EdgerecError
from edgerec.progress import Progress, silent
from edgerec.suggestion import did_you_mean
from edgerec.targets import child

_LOCKS = Path(__file__).parent / "runtimes"
_PREFERRED = ("tflite-runtime", "ai-edge-litert")


class RuntimeUnknownError(EdgerecError):
    """A runtime for which edgerec has no lock."""


class RuntimeUnavailableError(EdgerecError):
    """A known runtime that this machine cannot have, or whose environment could not be made."""


@dataclass(frozen=True)
class RuntimePin:
    """A runtime at one version, written as pip writes it."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def lock(self) -> Path:
        """The file of everything in its environment, pinned by hash."""
        return _LOCKS / f"{self.name}-{self.version}.txt"


def known() -> tuple[RuntimePin, ...]:
    """Return the runtimes that edgerec has a lock for, by preference: of each the newest first."""
    pins = [RuntimePin(*lock.stem.rsplit("-", 1)) for lock in _LOCKS.glob("*.txt")]
    return tuple(sorted(pins, key=lambda pin: (_PREFERRED.index(pin.name), *(-int(n) for n in pin.version.split(".")))))


def parse(text: str) -> RuntimePin:
    """Return the runtime written as NAME==VERSION; raises RuntimeUnknownError, which lists those that there are."""
    pins = {str(pin): pin for pin in known()}
    if text in pins:
        return pins[text]
    raise RuntimeUnknownError(
        f"The runtime {text!r} is not one that edgerec knows{did_you_mean(text, pins)}; it knows {', '.join(pins)}."
    )


def available(runtime: RuntimePin) -> bool:
    """Tell whether everything in the runtime's lock has a wheel for this Python on this machine."""
    return all(any(_fits(wheel) for wheel in names) for names in wheel_names(runtime).values())


def python_for(runtime: RuntimePin, *, wheels: Path | None = None, progress: Progress = silent) -> Path:
    """Return a Python that has the runtime, from an environment under `storage.home()` that is made when there is none.

    `wheels` is a folder to take the wheels from instead of an index; every wheel must have a hash of the lock either
    way. Raises RuntimeUnavailableError.
    """
    environment = _folder(runtime)
    python = system.environment_python(environment)
    if python.exists():
        return python
    refuse_unavailable(runtime, wheels)
    with system.locked(storage.folder("environments") / f".{environment.name}.lock") as lock:
        if not python.exists():
            progress(f"making the environment of {runtime}, once")
            _make(environment, runtime, wheels, lock)
    return python


def wheel_names(runtime: RuntimePin) -> dict[str, list[str]]:
    """Read the file names of the wheels that the runtime's lock has, by distribution."""
    names = [line[2:] for line in runtime.lock.read_text(encoding="utf-8").splitlines() if line.startswith("# ")]
    return {name.split("-")[0]: [other for other in names if other.startswith(name.split("-")[0])] for name in names}


def lock_of(runtime: RuntimePin, distributions: Collection[str]) -> str:
    """Return the part of the runtime's lock that is about some distributions, as pip reads it."""
    parts = runtime.lock.read_text(encoding="utf-8").split("\n\n")
    return "\n".join(part for part in parts if part.removeprefix("# ").split("-")[0] in distributions)


def _fits(wheel: str) -> bool:
    _, _, python, _, platform = wheel.removesuffix(".whl").split("-")
    system_name, _, machine = system.platform_tag().partition("_")
    return python == system.python_tag() and system_name in platform and platform.endswith(f"_{machine}")


def made(runtime: RuntimePin) -> Path | None:
    """Return the folder of the runtime's environment, None where it has not been made yet."""
    folder = _folder(runtime)
    return folder if system.environment_python(folder).exists() else None


def _folder(runtime: RuntimePin) -> Path:
    return storage.home() / "environments" / _key(runtime)


def _has_pip() -> bool:
    # Asked of its metadata: looking for the module makes setuptools' import hook complain where distutils is loaded.
    try:
        metadata.version("pip")
    except metadata.PackageNotFoundError:
        return False
    return True


def _key(runtime: RuntimePin) -> str:
    digest = hashlib.sha256(runtime.lock.read_bytes()).hexdigest()[:12]
    return f"{runtime.name}-{runtime.version}-{system.python_tag()}-{system.platform_tag()}-{digest}"


def refuse_unavailable(runtime: RuntimePin, wheels: Path | None = None) -> None:
    """Raise RuntimeUnavailableError where the runtime's environment cannot be made on this machine."""
    if not available(runtime):
        others = ", ".join(str(pin) for pin in known() if available(pin))
        raise RuntimeUnavailableError(
            f"{runtime} has no wheel for {system.python_tag()} on {system.platform_tag()}; "
            f"{f'use {others}' if others else 'no runtime that edgerec knows has one'}."
        )
    if wheels is not None and not wheels.is_dir():
        raise RuntimeUnavailableError(f"{wheels} is not a folder. Give --wheels the folder that holds the wheels.")
    refuse_without_pip(runtime)


def refuse_without_pip(runtime: RuntimePin) -> None:
    """Raise RuntimeUnavailableError where the Python that runs edgerec has no pip."""
    if not _has_pip():
        raise RuntimeUnavailableError(
            f"The Python that runs edgerec ({sys.executable}) has no pip, which fetches the wheels of {runtime}. "
            f"Run `{sys.executable} -m ensurepip`, or install pip with what made that environment, and try again."
        )


def _make(environment: Path, runtime: RuntimePin, wheels: Path | None, lock: int) -> None:
    """Make the environment under another name, so that it has its own only when it is whole."""
    partial = environment.with_name(f".{environment.name}.partial")
    with storage.telling(environment):
        for leftover in (partial, environment):
            if leftover.exists():
                shutil.rmtree(leftover)
        try:
            _fill(partial, runtime, wheels, lock)
            partial.rename(environment)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _fill(folder: Path, runtime: RuntimePin, wheels: Path | None, lock: int) -> None:
    # Both programs hold the lock too: when this process is killed they go on, and no other may begin before they end.
    made = child.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)], held=(lock,))
    if made.code:
        raise RuntimeUnavailableError(
            f"No environment for {runtime} can be made with {sys.executable}: {_last(made.lines)}."
        )
    installed = child.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(system.environment_python(folder))),
            *("--disable-pip-version-check", "--no-input", "install", "--quiet"),
            *("--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement", str(runtime.lock)),
            *(() if wheels is None else ("--no-index", "--find-links", str(wheels.resolve()))),
        ],
        held=(lock,),
    )
    if installed.code:
        if any(f"[Errno {errno.ENOSPC}]" in line for line in installed.lines):
            raise OSError(errno.ENOSPC, "pip filled the disk")  # told as any full disk by _make
        errors = [line.removeprefix("ERROR: ") for line in installed.lines if line.startswith("ERROR: ")]
        step = (
            "Give --wheels a folder that holds the wheels named in its lock to do without an index"
            if wheels is None
            else f"{wheels} must hold the wheels for {system.python_tag()} on {system.platform_tag()} named in its lock"
        )
        raise RuntimeUnavailableError(
            f"pip could not install {runtime}: {_last(tuple(errors) or installed.lines)}. {step} ({runtime.lock})."
        )


def _last(lines: tuple[str, ...]) -> str:
    return lines[-1].rstrip(".") if lines else "it said nothing"


PREFERRED: RuntimePin = known()[0]
"""The runtime that bundles are made for where nothing else is said, and that a device gets."""

DEFAULT: RuntimePin = next((pin for pin in known() if available(pin)), PREFERRED)
"""The runtime where none is asked for: the first by preference that this Python and machine have wheels for."""
