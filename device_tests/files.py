"""Files that appear only whole."""

from __future__ import annotations

import errno
import glob
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device_tests.errors import HarnessError

MOST_BYTES = (1 << 31) - 1
"""The most that a file of ours holds: as much as a zip without extensions does."""

_SUFFIX = ".part"
_NAME = 100  # of a file's name, so that what is put around it fits into a name too


def read_whole(path: Union[str, Path], error: type[HarnessError]) -> bytes:
    """Return the bytes of a file; `error` in one sentence when it cannot be read, is larger than 2 GiB or no file."""
    try:
        refuse_other_than_file(Path(path))
        with Path(path).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size > MOST_BYTES:
                raise error(f"cannot read {path}: it has {size:,} bytes, at most {MOST_BYTES:,} are read")
            file.seek(0)
            return file.read(size)
    except OSError as why:
        raise error(f"cannot read {path}: {why.strerror or why}") from None
    except ValueError as why:  # a path that holds a zero byte
        raise error(f"cannot read {path}: {why}") from None


def write_whole(path: Union[str, Path], data: bytes, error: type[HarnessError]) -> None:
    """Write a file as `writing` does; `error` in one sentence when it cannot be written."""
    try:
        with writing(Path(path)) as part:
            part.write_bytes(data)
    except OSError as why:
        raise error(f"cannot write {path}: {why.strerror or why}; nothing was left behind") from None


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give the path of an empty file to write to, which is synced and becomes `path` when the block ends well.

    Whatever ends the block, a full disk or Ctrl-C, `path` is as it was before or whole, and nothing lies beside it; a
    link is written through. A writer that was killed leaves its part, which the next one of that path removes.
    Raises OSError, also for a folder or a device such as /dev/null, which root would replace by a file.
    """
    refuse_other_than_file(path)
    target = path.resolve()
    _remove_abandoned(target)
    part, held = _begin(target)
    try:
        with held:
            yield part
            os.fsync(held.fileno())
            if sys.platform == "win32":
                held.close()  # what is open there cannot be renamed
            part.replace(target)
        _sync_folder(target.parent)
    finally:
        with suppress(OSError):
            part.unlink()


def refuse_other_than_file(path: Path) -> None:
    """Raise OSError where `path` is there and is not a file: a pipe may never end, and a device neither."""
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "it is there and is not a file, and the path of a file is needed")


def _begin(target: Path) -> tuple[Path, IO[bytes]]:
    """Create a part and lock it: the lock tells that its writer lives, since the system frees it when one is killed."""
    while True:
        part = target.with_name(f".{target.name[:_NAME]}.{os.urandom(8).hex()}{_SUFFIX}")
        held = part.open("xb")
        _lock(held)
        if part.exists():
            return part, held
        held.close()  # taken for abandoned by another writer, between its creation and its lock


def _sync_folder(folder: Path) -> None:
    """Have the system put the folder's list of files on the disk itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _lock(held: IO[bytes]) -> None:
        """Do nothing: what is open cannot be removed there."""

    def _remove_abandoned(target: Path) -> None:
        """Leave the parts: whether their writer is about to rename them cannot be told."""

else:
    import fcntl

    def _lock(held: IO[bytes]) -> None:
        with suppress(OSError):  # a file system without locks, where no part is taken for abandoned either
            fcntl.flock(held, fcntl.LOCK_EX)

    def _remove_abandoned(target: Path) -> None:
        """Remove the parts of `target` that no living writer holds, as far as this user may."""
        for part in target.parent.glob(f".{glob.escape(target.name[:_NAME])}.*{_SUFFIX}"):
            with suppress(OSError), part.open("rb") as left:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
