"""Finished steps kept by the content that they were made from, so that an interrupted run goes on where it stopped."""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path

from edgerec import storage

Files = Mapping[str, bytes]

DIGESTS = "digests.json"
PARTIAL = ".partial-"
PACKAGES = ("converters", "device_tests", "edgerec")
FOR_PEOPLE = ("cli", "report")  # what only words and flags are made of, and no entry
ABANDONED_S = 24 * 3600  # an entry that nobody finished within a day was left by a process that was killed


def key(kind: str, **parts: object) -> str:
    """The name of a step's entry: SHA-256 of what it is made from and of the code that makes it."""
    content = {"kind": kind, "code": code_digest(), **parts}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def files_of(name: str, make: Callable[[], Files]) -> dict[str, bytes]:
    """The files of an entry: those kept, or those that `make` gives, kept from now on.

    An entry appears whole or not at all, and one whose bytes are no longer what was written is made again.
    """
    found = read(name)
    if found is not None:
        return found
    files = dict(make())
    write(name, files)
    return files


def read(name: str) -> dict[str, bytes] | None:
    """The files of an entry, or None where there is none that is whole."""
    folder = _folder(name)
    try:
        digests = json.loads((folder / DIGESTS).read_bytes())
        files = {each: (folder / each).read_bytes() for each in digests}
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(digests, dict) or any(_sha256(data) != digests[each] for each, data in files.items()):
        return None
    return files


def write(name: str, files: Files) -> None:
    """Keep the files of an entry, all at once; where another process keeps the same one first, that one stays."""
    folder = _folder(name)
    with storage.telling(folder):
        _sweep(folder.parent)
        partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=folder.parent))
        try:
            for each, data in files.items():
                (partial / each).parent.mkdir(parents=True, exist_ok=True)
                (partial / each).write_bytes(data)
            digests = {each: _sha256(data) for each, data in files.items()}
            (partial / DIGESTS).write_text(json.dumps(digests, sort_keys=True))
            if folder.exists() and read(name) is None:
                shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # a folder with files is in the way: somebody was faster
                partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@cache
def code_digest() -> str:
    """SHA-256 of the code that makes entries, so that a changed step is not answered from before the change."""
    return digest_of(Path(str(resources.files(package))) for package in PACKAGES)


def digest_of(packages: Iterable[Path]) -> str:
    """SHA-256 of the modules in these folders, their places and contents, without what is FOR_PEOPLE."""
    digest = hashlib.sha256()
    for package in packages:
        for source in sorted(package.rglob("*.py")):
            place = source.relative_to(package)
            if place.parts[0] not in FOR_PEOPLE:
                content = source.read_bytes()
                digest.update(f"{package.name}/{place.as_posix()} {len(content)}\0".encode() + content)
    return digest.hexdigest()


def _folder(name: str) -> Path:
    return storage.folder("cache") / name


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sweep(folder: Path) -> None:
    """Remove what killed processes left half-written."""
    for partial in folder.glob(f"{PARTIAL}*"):
        with suppress(OSError):  # its owner finished it just now
            if time.time() - partial.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(partial, ignore_errors=True)
