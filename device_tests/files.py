"""Files that appear only whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from device_tests.errors import HarnessError


def read_whole(path: Union[str, Path], error: type[HarnessError]) -> bytes:
    """Return the bytes of a file; `error` in one sentence when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as why:
        raise error(f"cannot read {path}: {why.strerror or why}") from None


def write_whole(path: Union[str, Path], data: bytes, error: type[HarnessError]) -> None:
    """Write `data` to a file beside `path`, sync it, and rename it over `path`.

    Whatever ends the writing, a full disk or Ctrl-C, `path` is as it was before or whole, and nothing lies beside it.
    A folder or a device is refused.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise error(f"cannot write {path}: it is there and is no file; give the path of a file")
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as why:
        raise error(f"cannot write {path}: {why.strerror or why}; nothing was left behind") from None
