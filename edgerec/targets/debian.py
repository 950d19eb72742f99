"""Packages of Debian 12, fetched and unpacked without root: apt with folders of its own, signatures checked."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from edgerec.errors import EdgerecError
from edgerec.targets import child

RELEASE = "bookworm"
"""Debian 12, whose Python 3.11 is the last that tflite-runtime has wheels for."""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TOOLS = {"apt-get": "apt", "dpkg-deb": "dpkg"}


class DebianError(EdgerecError):
    """Packages of Debian that cannot be had on this machine."""


@dataclass(frozen=True)
class Package:
    """A package as it was fetched, and the file it lies in."""

    name: str
    architecture: str
    version: str
    sha256: str
    file: Path


def refuse_unready() -> None:
    """Raise DebianError where apt, dpkg or Debian's keys are missing."""
    missing = [package for program, package in _TOOLS.items() if shutil.which(program) is None]
    if not KEYRING.is_file():
        missing.append("debian-archive-keyring")
    if missing:
        raise DebianError(f"packages of Debian cannot be fetched here without {' and '.join(missing)}")


def mirror_here() -> str:
    """Return the mirror of Debian that this machine's own apt takes packages from. Raises DebianError."""
    listed = subprocess.run(
        ["apt-get", "update", "--print-uris"], capture_output=True, text=True, check=False, env=_variables()
    ).stdout
    if found := re.search(r"'([a-z]+:[^']*/debian)/dists/[^/']+/InRelease'", listed):
        return found[1]
    raise DebianError("the sources of this machine's apt name no mirror of Debian")


def fetch(packages: Mapping[str, Sequence[str]], folder: Path, *, mirror: str) -> tuple[Package, ...]:
    """Fetch packages by architecture into `folder`, and return them in the order asked for.

    Raises DebianError: no such mirror, signatures that are not Debian's, a package that is not there.
    """
    if not re.fullmatch(r"[a-z]+:/[^\s\[\]]+", mirror):
        raise DebianError(f"{mirror!r} is not the address of a mirror")
    for made in ("lists/partial", "cache/archives/partial", "got"):
        (folder / made).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(
        f"deb [signed-by={KEYRING} arch={','.join(packages)}] {mirror} {RELEASE} main\n", encoding="utf-8"
    )
    options = _options(folder, tuple(packages))
    _apt([*options, "update"], folder / "got", f"no list of packages can be had from {mirror}")
    asked = [f"{name}:{architecture}" for architecture, names in packages.items() for name in names]
    _apt([*options, "download", *asked], folder / "got", f"packages cannot be had from {mirror}")
    return tuple(
        _fetched(folder / "got", name, architecture) for architecture, names in packages.items() for name in names
    )


def unpack(package: Package, folder: Path) -> None:
    """Unpack a package's files into a folder. Raises DebianError."""
    ended = child.run(["dpkg-deb", "--extract", str(package.file), str(folder)])
    if ended.code:
        raise DebianError(f"{package.file.name} cannot be unpacked: {_last(ended.lines)}")


def _options(folder: Path, architectures: tuple[str, ...]) -> list[str]:
    settings = {
        "APT::Architecture": architectures[0],
        "APT::Architectures": ",".join(architectures),
        "APT::Update::Error-Mode": "any",  # else an index that cannot be had is a warning and an older one is used
        "APT::Sandbox::User": "root",  # the user that apt would become cannot read a private folder
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Debug::NoLocking": "1",
    }
    return ["-q", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]


def _apt(words: Sequence[str], folder: Path, failed: str) -> None:
    ended = child.run(["env", f"--chdir={folder}", "apt-get", *words], environment=_variables())
    if ended.code:
        errors = [line.removeprefix("E: ") for line in ended.lines if line.startswith("E: ")]
        raise DebianError(f"{failed}: {_last(tuple(errors[:1]) or ended.lines)}")


def _fetched(folder: Path, name: str, architecture: str) -> Package:
    file = next(iter([*folder.glob(f"{name}_*_{architecture}.deb"), *folder.glob(f"{name}_*_all.deb")]))
    return Package(
        name, architecture, unquote(file.name.split("_")[1]), hashlib.sha256(file.read_bytes()).hexdigest(), file
    )


def _variables() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


def _last(lines: tuple[str, ...]) -> str:
    return lines[-1].rstrip(".") if lines else "it said nothing"
