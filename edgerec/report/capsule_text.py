"""A capsule that is ready, as text and as JSON."""

from pathlib import Path

from edgerec.report.quantities import size
from edgerec.targets.capsules.capsule import Capsule

JSON_VERSION = 1


def capsule_text(capsule: Capsule, archive: Path | None) -> str:
    """Say on a line what it is and where it lies, and on another the archive that was written of it."""
    lines = [
        f"{capsule.architecture} capsule of {capsule.runtime}: {size(_bytes(capsule))} in {capsule.folder}",
        *(
            ()
            if archive is None
            else (f"{archive}: {size(archive.stat().st_size)}, take it with --from {archive.name}",)
        ),
    ]
    return "\n".join(lines)


def capsule_json(capsule: Capsule, archive: Path | None) -> dict[str, object]:
    """Give the same as plain JSON values; `digest` is the SHA-256 of its manifest, and by that of all in it."""
    return {
        "version": JSON_VERSION,
        "architecture": capsule.architecture,
        "runtime": str(capsule.runtime),
        "folder": str(capsule.folder),
        "bytes": _bytes(capsule),
        "digest": capsule.digest,
        "archive": None if archive is None else str(archive),
    }


def _bytes(capsule: Capsule) -> int:
    return sum(file.stat().st_size for file in capsule.folder.rglob("*") if file.is_file())
