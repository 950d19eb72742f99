"""The capsule: a Python, numpy and a device runtime in one folder that runs where nothing is installed."""

import hashlib
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgerec import storage, system
from edgerec.progress import Progress, silent
from edgerec.targets import capsule_contents, capsule_manifest, capsule_wheels, debian
from edgerec.targets.capsule_manifest import CapsuleError, Manifest
from edgerec.targets.debian import DebianError, Package
from edgerec.targets.environment import RuntimePin

ARCHITECTURES = ("aarch64", "armv7", "x86_64")

_LAYOUT = 1
_DEBIAN = {"aarch64": "arm64", "armv7": "armhf", "x86_64": "amd64"}
_LOADERS = {"aarch64": "ld-linux-aarch64.so.1", "armv7": "ld-linux-armhf.so.3", "x86_64": "ld-linux-x86-64.so.2"}
_MACHINES = {
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "armv7l": "armv7",
    "armv8l": "armv7",
    "x86_64": "x86_64",
    "amd64": "x86_64",
}
_PYTHON = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libc6", "zlib1g", "libexpat1")
_MORE = ("libffi8", "libgcc-s1", "gcc-12-base", "libstdc++6", "base-files")
_NUMPY = ("python3-numpy", "libblas3", "liblapack3", "libgfortran5")
"""Debian's numpy: there is no wheel for armv7, and with the plain BLAS it is 20 MB smaller than one with OpenBLAS."""


@dataclass(frozen=True)
class Capsule:
    """A capsule that is whole, in a folder that nobody writes to; `digest` is the SHA-256 of its manifest."""

    architecture: str
    runtime: RuntimePin
    folder: Path
    digest: str

    def python(self, root: str) -> tuple[str, ...]:
        """Return the words that start its Python where its folder lies at `root` on the device.

        It is started by the capsule's own loader with the capsule's own libraries, so nothing of the device is used.
        """
        return (
            *(f"{root}/lib/{_LOADERS[self.architecture]}", "--inhibit-cache", "--library-path", f"{root}/lib"),
            # Neither the environment nor site: modules come from beside the interpreter and from nowhere else.
            *(f"{root}/bin/python3.11", "-I", "-S", "-B"),
        )


def machine_here() -> str | None:
    """Return this machine as one of ARCHITECTURES, None where it is none or no Linux."""
    return _MACHINES.get(platform.machine().lower()) if platform.system() == "Linux" else None


def kept(architecture: str, runtime: RuntimePin) -> Capsule | None:
    """Return the capsule from the cache, None where there is none. Raises CapsuleError for one that is damaged."""
    folder = _folder(architecture, runtime)
    return _opened(folder, architecture, runtime) if folder.is_dir() else None


def ready(architecture: str, runtime: RuntimePin, *, mirror: str | None = None, progress: Progress = silent) -> Capsule:
    """Return the capsule from the cache, built there where there is none.

    `mirror` is the mirror of Debian to build it from, else the one of this machine's apt. Raises CapsuleError, and
    RuntimeUnavailableError where the runtime has no wheel for the architecture.
    """
    refuse_unknown(architecture)
    capsule_wheels.wheels_of(runtime, architecture)
    folder = _folder(architecture, runtime)
    with system.locked(storage.folder("capsules") / f".{folder.name}.lock"):
        if (capsule := kept(architecture, runtime)) is not None:
            return capsule
        progress(f"building the {architecture} capsule of {runtime}, once")
        partial = folder.with_name(f".{folder.name}.partial")
        with storage.telling(folder):
            shutil.rmtree(partial, ignore_errors=True)
            try:
                _build(partial, architecture, runtime, mirror, progress)
                partial.rename(folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return _opened(folder, architecture, runtime)


def refuse_unknown(architecture: str) -> None:
    """Raise CapsuleError for an architecture that no capsule is for."""
    if architecture not in ARCHITECTURES:
        raise CapsuleError(f"There is no capsule for {architecture!r}; there are {', '.join(ARCHITECTURES)}.")


def _folder(architecture: str, runtime: RuntimePin) -> Path:
    digest = hashlib.sha256(runtime.lock.read_bytes()).hexdigest()[:12]
    return storage.home() / "capsules" / f"{architecture}-{runtime.name}-{runtime.version}-{_LAYOUT}-{digest}"


def _opened(folder: Path, architecture: str, runtime: RuntimePin) -> Capsule:
    manifest = capsule_manifest.read(folder)
    if (manifest.architecture, manifest.runtime) != (architecture, str(runtime)):
        raise CapsuleError(
            f"{folder} holds {manifest.runtime} for {manifest.architecture}, not {runtime} for {architecture}."
        )
    return Capsule(architecture, runtime, folder, manifest.digest)


def _build(folder: Path, architecture: str, runtime: RuntimePin, mirror: str | None, progress: Progress) -> None:
    with storage.scratch("capsule-", within=storage.folder("capsules")) as scratch:
        progress("fetching the wheels")
        wheels = capsule_wheels.fetch(runtime, architecture, scratch / "wheels")
        progress("fetching Debian's packages")
        names = (*_PYTHON, *_MORE, *_NUMPY, *(("libquadmath0",) if architecture == "x86_64" else ()))
        here, packages = _packages(architecture, names, scratch, mirror)
        progress("putting it together")
        root = scratch / architecture
        capsule_contents.standard_library(root, folder)
        capsule_contents.debian_numpy(root, folder)
        for distribution, file in wheels.items():
            capsule_contents.wheel(file, folder, distribution)
        capsule_contents.shared_objects(root, folder, _LOADERS[architecture])
        capsule_contents.licences(root, folder, names)
        capsule_contents.compiled(folder, here)
        capsule_contents.settled(folder, {"bin/python3.11": 0o755, f"lib/{_LOADERS[architecture]}": 0o755})
        capsule_manifest.write(folder, _manifest(folder, architecture, runtime, packages, wheels))


def _packages(
    architecture: str, names: tuple[str, ...], scratch: Path, mirror: str | None
) -> tuple[tuple[str, ...], tuple[Package, ...]]:
    """Fetch and unpack the packages; give the words that start Debian's Python on this machine, and the packages."""
    host = machine_here()
    if host is None:
        raise _refused(f"this machine is a {platform.system()} {platform.machine()}")
    wanted = {architecture: names} | ({} if architecture == host else {host: _PYTHON})
    try:
        debian.refuse_unready()
        fetched = debian.fetch(
            {_DEBIAN[name]: packages for name, packages in wanted.items()},
            scratch / "debian",
            mirror=mirror or debian.mirror_here(),
        )
        for package in fetched:
            debian.unpack(package, scratch / next(name for name in wanted if package.architecture == _DEBIAN[name]))
    except DebianError as error:
        raise _refused(str(error)) from error
    root = scratch / host
    triplet = f"{root}/lib/{platform.machine()}-linux-gnu"
    python = (f"{triplet}/{_LOADERS[host]}", "--library-path", f"{triplet}:{root}/usr{triplet.removeprefix(str(root))}")
    return (*python, f"{root}/usr/bin/python3.11"), tuple(
        package for package in fetched if package.architecture == _DEBIAN[architecture]
    )


def _refused(reason: str) -> CapsuleError:
    return CapsuleError(
        f"No capsule can be built here: {reason}. Name a mirror of Debian with --mirror, or give --from a capsule that "
        "was built elsewhere with -o."
    )


def _manifest(
    folder: Path, architecture: str, runtime: RuntimePin, packages: tuple[Package, ...], wheels: Mapping[str, Path]
) -> Manifest:
    return Manifest(
        architecture,
        str(runtime),
        {package.name: package.version for package in packages},
        {file.name: capsule_wheels.sha256(file) for file in wheels.values()},
        capsule_manifest.files_under(folder),
    )
