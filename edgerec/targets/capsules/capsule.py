"""The capsule: a Python, numpy and a device runtime in one folder that runs where nothing is installed."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgerec import storage, system
from edgerec.progress import Progress, silent
from edgerec.suggestion import did_you_mean
from edgerec.targets import architecture as architectures
from edgerec.targets.capsules import archive as capsule_archive
from edgerec.targets.capsules import building, wheels
from edgerec.targets.capsules import manifest as capsule_manifest
from edgerec.targets.capsules.manifest import CapsuleError, Manifest
from edgerec.targets.environment import RuntimePin

ARCHITECTURES = tuple(architectures.KNOWN)

_LAYOUT = 2
"""Raised when capsules are built in another way, so that those in the cache are built again."""


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
        loader = architectures.KNOWN[self.architecture].loader
        return (
            *(f"{root}/lib/{loader}", "--inhibit-cache", "--library-path", f"{root}/lib"),
            # Neither the environment nor site: modules come from beside the interpreter and from nowhere else.
            *(f"{root}/bin/python3.11", "-I", "-S", "-B"),
        )


def kept(architecture: str, runtime: RuntimePin) -> Capsule | None:
    """Return the capsule from the cache, None where there is none. Raises CapsuleError for one that is damaged."""
    folder = there(architecture, runtime)
    return None if folder is None else _capsule(folder, capsule_manifest.read(folder), runtime)


def there(architecture: str, runtime: RuntimePin) -> Path | None:
    """Return the folder of the capsule in the cache without a look into it, None where there is none."""
    folder = _folder(architecture, runtime)
    return folder if folder.is_dir() else None


def ready(architecture: str, runtime: RuntimePin, *, mirror: str | None = None, progress: Progress = silent) -> Capsule:
    """Return the capsule from the cache, built there where there is none.

    `mirror` is the mirror of Debian to build it from, else the one of this machine's apt. Raises CapsuleError, and
    RuntimeUnavailableError where the runtime has no wheel for the architecture.
    """
    refuse_unready(architecture, runtime)
    with _locked(_folder(architecture, runtime)) as folder:
        if (capsule := kept(architecture, runtime)) is not None:
            return capsule
        progress(f"building the {architecture} capsule of {runtime}, once")
        with storage.telling(folder), storage.scratch(f".{folder.name}-", within=folder.parent) as scratch:
            asked, partial = architectures.KNOWN[architecture], scratch / "whole"
            building.build(partial, scratch, asked, runtime, mirror=mirror, progress=progress)
            partial.rename(folder)
        return _capsule(folder, capsule_manifest.read(folder), runtime)


def taken(architecture: str, runtime: RuntimePin, archive: Path) -> Capsule:
    """Put the capsule in an archive into the cache, in place of the one that is there, and return it.

    Raises CapsuleError for an archive that is damaged, or for another architecture or runtime.
    """
    refuse_unknown(architecture)
    with _locked(_folder(architecture, runtime)) as folder:
        with storage.telling(folder), storage.scratch(f".{folder.name}-", within=folder.parent) as scratch:
            manifest = capsule_archive.unpack(archive, scratch / "whole")
            if (manifest.architecture, manifest.runtime) != (architecture, str(runtime)):
                raise CapsuleError(
                    f"{archive} is a capsule of {manifest.runtime} for {manifest.architecture}, and one of {runtime} "
                    f"for {architecture} was asked for. Ask for what it is, or give another."
                )
            if folder.is_dir():
                folder.rename(scratch / "before")
            (scratch / "whole").rename(folder)
        return _capsule(folder, manifest, runtime)


def refuse_unready(architecture: str, runtime: RuntimePin) -> None:
    """Raise where the capsule is not in the cache and could not be built: CapsuleError, RuntimeUnavailableError."""
    refuse_unknown(architecture)
    wheels.wheels_of(runtime, architectures.KNOWN[architecture])
    if there(architecture, runtime) is None:
        building.refuse_unbuildable()


def refuse_unknown(architecture: str) -> None:
    """Raise CapsuleError for an architecture that no capsule is for."""
    if architecture not in ARCHITECTURES:
        raise CapsuleError(
            f"There is no capsule for {architecture!r}{did_you_mean(architecture, ARCHITECTURES)}; "
            f"there is one for {', '.join(ARCHITECTURES)}."
        )


def _folder(architecture: str, runtime: RuntimePin) -> Path:
    digest = hashlib.sha256(runtime.lock.read_bytes()).hexdigest()[:12]
    return storage.home() / "capsules" / f"{architecture}-{runtime.name}-{runtime.version}-{_LAYOUT}-{digest}"


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Hold a capsule's folder against other processes; what one that was killed left behind is gone."""
    with system.locked(storage.folder("capsules") / f".{folder.name}.lock"):
        for leftover in folder.parent.glob(f".{folder.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield folder


def _capsule(folder: Path, manifest: Manifest, runtime: RuntimePin) -> Capsule:
    return Capsule(manifest.architecture, runtime, folder, manifest.digest)
