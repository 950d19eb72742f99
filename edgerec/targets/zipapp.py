"""The harness as one file: whoever has numpy and a runtime on a board runs it with `python harness.pyz BUNDLE`."""

import hashlib
import io
import zipfile
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from edgerec import storage

_DATE = (1980, 1, 1, 0, 0, 0)
_SHEBANG = b"#!/usr/bin/env python3\n"
_START = b'import runpy\n\nrunpy.run_module("device_tests", run_name="__main__", alter_sys=True)\n'


def harness_bytes() -> bytes:
    """Return the harness as a zipapp; the same sources give the same bytes everywhere."""
    members = {"__main__.py": _START, **_sources(resources.files("device_tests"), "device_tests")}
    buffer = io.BytesIO()
    buffer.write(_SHEBANG)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name in sorted(members):
            member = zipfile.ZipInfo(name, date_time=_DATE)
            member.create_system = 3
            member.external_attr = 0o100644 << 16
            # Stored: what deflate makes of the same bytes differs between versions of zlib.
            archive.writestr(member, members[name], zipfile.ZIP_STORED)
    return buffer.getvalue()


def write_harness(path: Path) -> Path:
    """Write the harness to `path`, whole and executable, and return `path`."""
    with storage.writing(path) as partial:
        partial.write_bytes(harness_bytes())
        partial.chmod(0o755)
    return path


def kept_harness() -> Path:
    """Return the harness of these sources under `storage.home()`, written when it is not there yet."""
    data = harness_bytes()
    path = storage.folder("harness") / hashlib.sha256(data).hexdigest()[:16] / "harness.pyz"
    return path if path.exists() else write_harness(path)


def _sources(folder: Traversable, name: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found |= _sources(entry, f"{name}/{entry.name}")
        elif entry.name.endswith(".py"):
            found[f"{name}/{entry.name}"] = entry.read_bytes()
    return found
