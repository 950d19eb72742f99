"""A capsule as one file: a plain tar, the same to the byte for the same capsule, that any device can unpack."""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path

from edgerec import storage
from edgerec.targets.capsules import manifest as capsule_manifest
from edgerec.targets.capsules.manifest import CapsuleError, Manifest


def write(folder: Path, path: Path) -> None:
    """Write the capsule in a folder to an archive. Raises StorageError.

    It is not compressed: what zlib and lzma make of the same bytes differs between their versions.
    """
    with storage.writing(path) as partial, partial.open("wb") as file:
        file.writelines(_pieces(folder))


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpack an archive into a folder that is not there yet, and compare every file with the manifest in it.

    Raises CapsuleError for a file that is no capsule, or in which one byte is not as it was built.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                target = folder / member.name
                if not member.isreg() or ".." in Path(member.name).parts or not target.is_relative_to(folder):
                    raise CapsuleError(
                        f"{path} is not a capsule: it has {member.name!r}, which is no file in a folder."
                    )
                content = archive.extractfile(member)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(b"" if content is None else content.read())
                target.chmod(0o755 if member.mode & 0o100 else 0o644)
    except (tarfile.TarError, FileNotFoundError, IsADirectoryError, FileExistsError, NotADirectoryError) as error:
        raise CapsuleError(
            f"{path} is not a capsule: {error}. Give one that `edgerec targets build-capsule -o` wrote."
        ) from error
    manifest = capsule_manifest.read(folder, path)
    again = hashlib.sha256()
    for piece in _pieces(folder):
        again.update(piece)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").digest() != again.digest():
            raise CapsuleError(f"{path} is damaged between its files. Build or copy it again.")
    return manifest


def _pieces(folder: Path) -> Iterator[bytes]:
    """Give the archive of a folder piece by piece: POSIX.1-1988 headers, without dates and owners, names in order."""
    count = 0
    for name in sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()):
        data = (folder / name).read_bytes()
        member = tarfile.TarInfo(name)
        member.size = len(data)
        member.mode = 0o755 if (folder / name).stat().st_mode & 0o100 else 0o644
        for piece in (member.tobuf(tarfile.USTAR_FORMAT), data, bytes(-len(data) % tarfile.BLOCKSIZE)):
            count += len(piece)
            yield piece
    end = 2 * tarfile.BLOCKSIZE
    yield bytes(end + -(count + end) % tarfile.RECORDSIZE)
