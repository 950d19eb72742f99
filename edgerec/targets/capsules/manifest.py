"""What is in a capsule: every file by its SHA-256, and the packages and wheels that they came from."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from device_tests import record
from device_tests.errors import HarnessError
from edgerec.errors import EdgerecError

NAME = "manifest.json"
VERSION = 1
_NEXT_STEP = "Remove it, and build or copy it again."


class CapsuleError(EdgerecError):
    """A capsule that is damaged, is none, or cannot be built on this machine."""


@dataclass(frozen=True)
class Manifest:
    """Packages by name with their versions, wheels by file name and files by path with their SHA-256 in hex."""

    architecture: str
    runtime: str
    packages: dict[str, str]
    wheels: dict[str, str]
    files: dict[str, str]
    version: int = VERSION

    def to_bytes(self) -> bytes:
        """Return it as JSON; the same contents give the same bytes."""
        return record.dumps(self).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest in hex, and by that of everything in the capsule."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def files_under(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file under a folder but the manifest, by path, sorted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in paths}


def write(folder: Path, manifest: Manifest) -> None:
    """Write a capsule's manifest into its folder."""
    (folder / NAME).write_bytes(manifest.to_bytes())


def read(folder: Path, source: Path | None = None) -> Manifest:
    """Read the manifest of the capsule in a folder, and compare every file with it.

    `source` is what the user knows the capsule by, where that is not the folder. Raises CapsuleError, with the first
    file that is not as it was built.
    """
    place = source or folder
    try:
        manifest = record.from_json(Manifest, record.parse((folder / NAME).read_bytes(), NAME), NAME)
    except (OSError, HarnessError) as error:
        reason = f"{NAME}: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise CapsuleError(f"{place} is no capsule, or a damaged one: {reason}. {_NEXT_STEP}") from error
    if manifest.version != VERSION:
        raise CapsuleError(
            f"{place} is a capsule of version {manifest.version}, and this edgerec reads {VERSION}. {_NEXT_STEP}"
        )
    found = files_under(folder)
    for path in sorted({*found, *manifest.files}):
        if found.get(path) != manifest.files.get(path):
            raise CapsuleError(
                f"{place} is damaged: {path} is {found.get(path, 'not there')[:16]}, and its {NAME} says "
                f"{manifest.files.get(path, 'nothing of it')[:16]}. {_NEXT_STEP}"
            )
    if (folder / NAME).read_bytes() != manifest.to_bytes():
        raise CapsuleError(f"{place} is damaged: its {NAME} is not as it was written. {_NEXT_STEP}")
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
