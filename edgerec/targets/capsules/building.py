"""Building a capsule from Debian's packages and a runtime's wheels, without root."""

import platform
from collections.abc import Mapping
from pathlib import Path

from edgerec.progress import Progress
from edgerec.targets import architecture, debian
from edgerec.targets.architecture import Architecture
from edgerec.targets.capsules import contents, manifest
from edgerec.targets.capsules import wheels as capsule_wheels
from edgerec.targets.capsules.manifest import CapsuleError, Manifest
from edgerec.targets.debian import DebianError, Package
from edgerec.targets.environment import RuntimePin

_PYTHON = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libc6", "zlib1g", "libexpat1")
_MORE = ("libffi8", "libgcc-s1", "gcc-12-base", "libstdc++6", "base-files")
_NUMPY = ("python3-numpy", "libblas3", "liblapack3", "libgfortran5")
"""Debian's numpy: there is no wheel for armv7, and with the plain BLAS it is 20 MB smaller than one with OpenBLAS."""


def build(
    folder: Path, scratch: Path, asked: Architecture, runtime: RuntimePin, *, mirror: str | None, progress: Progress
) -> None:
    """Build a capsule in a new folder from what is fetched into `scratch`.

    The same packages and wheels give the same files to the byte. Raises CapsuleError, RuntimeUnavailableError.
    """
    refuse_unbuildable()
    progress("fetching the wheels")
    wheels = capsule_wheels.fetch(runtime, asked, scratch / "wheels")
    progress("fetching Debian's packages")
    names = (*_PYTHON, *_MORE, *_NUMPY, *(("libquadmath0",) if asked.name == "x86_64" else ()))
    packages, python = _packages(asked, names, scratch, mirror)
    progress("putting it together")
    root = scratch / asked.name
    try:
        contents.standard_library(root, folder)
        contents.debian_numpy(root, folder)
        for distribution, file in wheels.items():
            contents.wheel(file, folder, distribution)
        contents.shared_objects(root, folder, asked.loader)
        contents.licences(root, folder, names)
        contents.compiled(folder, python)
    except ValueError as error:
        raise _refused(str(error)) from error
    contents.settled(folder, ("bin/python3.11", f"lib/{asked.loader}"))
    manifest.write(folder, _manifest(folder, asked, runtime, packages, wheels))


def refuse_unbuildable() -> None:
    """Raise CapsuleError where no capsule can be built for want of Linux or of Debian's tools and keys."""
    if architecture.here() is None:
        raise _refused(f"this machine is a {platform.system()} {platform.machine()}")
    try:
        debian.refuse_unready()
    except DebianError as error:
        raise _refused(str(error)) from error


def _packages(
    asked: Architecture, names: tuple[str, ...], scratch: Path, mirror: str | None
) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    """Fetch and unpack the packages, each architecture's under its name, and a Python 3.11 that runs on this machine.

    Return the packages of the capsule, and the words that start that Python.
    """
    here = architecture.here()
    if here is None:
        raise _refused(f"this machine is a {platform.system()} {platform.machine()}")
    wanted = {asked.debian: names} | ({} if asked == here else {here.debian: _PYTHON})
    folders = {known.debian: scratch / known.name for known in (asked, here)}
    try:
        fetched = debian.fetch(wanted, scratch / "debian", mirror=mirror or debian.mirror_here())
        for package in fetched:
            debian.unpack(package, folders[package.architecture])
    except DebianError as error:
        raise _refused(str(error)) from error
    root = folders[here.debian]
    libraries = [str(path) for path in (*root.glob("lib/*-linux-*"), *root.glob("usr/lib/*-linux-*"))]
    loader = next(root.glob(f"lib/*-linux-*/{here.loader}"))
    return (
        tuple(package for package in fetched if package.architecture == asked.debian),
        (str(loader), "--library-path", ":".join(libraries), str(root / "usr/bin/python3.11")),
    )


def _refused(reason: str) -> CapsuleError:
    return CapsuleError(
        f"No capsule can be built here: {reason}. Name a mirror of Debian with --mirror, or give --from a capsule that "
        "was built elsewhere with -o."
    )


def _manifest(
    folder: Path, asked: Architecture, runtime: RuntimePin, packages: tuple[Package, ...], wheels: Mapping[str, Path]
) -> Manifest:
    return Manifest(
        asked.name,
        str(runtime),
        {package.name: package.version for package in packages},
        {file.name: capsule_wheels.sha256(file) for file in wheels.values()},
        manifest.files_under(folder),
    )
