"""The wheels of a runtime for another machine's architecture, from the same locks as this machine's environments."""

import hashlib
import sys
from pathlib import Path

from edgerec.targets import child, environment
from edgerec.targets.architecture import Architecture
from edgerec.targets.environment import RuntimePin, RuntimeUnavailableError

PYTHON_TAG = "cp311"


def wheels_of(runtime: RuntimePin, architecture: Architecture) -> dict[str, str]:
    """Return the file names of the wheels that a capsule takes from the lock, by distribution: all but numpy's.

    numpy is Debian's own. Raises RuntimeUnavailableError where the runtime has no wheel for the architecture.
    """
    found = {
        name: wheel
        for name, wheels in environment.wheel_names(runtime).items()
        for wheel in wheels
        if name != "numpy" and f"-{PYTHON_TAG}-{PYTHON_TAG}-" in wheel and wheel.endswith(f"_{architecture.wheels}.whl")
    }
    if _distribution(runtime) in found:
        return found
    others = [str(pin) for pin in environment.known() if has_wheel(pin, architecture)]
    raise RuntimeUnavailableError(f"{runtime} has no wheel for {architecture.name}; use {' or '.join(others)}.")


def has_wheel(runtime: RuntimePin, architecture: Architecture) -> bool:
    """Tell whether the lock names a wheel of the runtime for an architecture."""
    ending = f"_{architecture.wheels}.whl"
    wheels = environment.wheel_names(runtime)[_distribution(runtime)]
    return any(f"-{PYTHON_TAG}-" in wheel and wheel.endswith(ending) for wheel in wheels)


def fetch(runtime: RuntimePin, architecture: Architecture, folder: Path) -> dict[str, Path]:
    """Fetch the runtime's wheels into a folder, by distribution; each must have a hash of the lock.

    Raises RuntimeUnavailableError.
    """
    wanted = wheels_of(runtime, architecture)
    environment.refuse_without_pip(runtime)
    platforms = sorted(
        {tag for wheel in wanted.values() for tag in wheel.removesuffix(".whl").split("-")[-1].split(".")}
    )
    folder.mkdir()
    lock = folder / "lock.txt"
    lock.write_text(environment.lock_of(runtime, wanted), encoding="utf-8")
    ended = child.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"),
            *("--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement", str(lock)),
            *("--python-version", "3.11", "--implementation", "cp", "--abi", PYTHON_TAG),
            *(word for platform in platforms for word in ("--platform", platform)),
            *("--dest", str(folder)),
        ]
    )
    if ended.code:
        errors = [line.removeprefix("ERROR: ") for line in ended.lines if line.startswith("ERROR: ")]
        said = (tuple(errors) or ended.lines or ("it said nothing",))[-1].rstrip(".")
        raise RuntimeUnavailableError(
            f"pip could not fetch {runtime} for {architecture.name}: {said}. Give --from a capsule built elsewhere."
        )
    return {name: folder / wheel for name, wheel in wanted.items()}


def sha256(wheel: Path) -> str:
    """Return a wheel's SHA-256 in hex."""
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _distribution(runtime: RuntimePin) -> str:
    return runtime.name.replace("-", "_")
